import { findProgram, startProgram, type TestServer } from './program.ts';

/** Undefined: it is not installed. */
export const redisProgram = findProgram('redis-server') ?? findProgram('valkey-server');

/** A Redis that keeps nothing. `more`: further lines of its configuration, as arguments. */
export function startRedis(more: readonly string[] = []): Promise<TestServer> {
  return startProgram({
    path: redisProgram ?? 'redis-server',
    args: (port, folder) => ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder, ...more],
  });
}
