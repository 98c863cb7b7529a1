import { findProgram, startProgram, type TestServer } from './program.ts';

/** Undefined: it is not installed. */
export const redisProgram = findProgram('redis-server') ?? findProgram('valkey-server');

/** A Redis that keeps nothing. `more`: further lines of its configuration, as arguments. */
export function startRedis(more: (port: number) => readonly string[] = () => []): Promise<TestServer> {
  const fixed = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return startProgram({
    path: redisProgram ?? 'redis-server',
    args: (port, folder) => [...fixed, '--dir', folder, '--port', `${port}`, ...more(port)],
  });
}
