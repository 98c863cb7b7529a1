import { findProgram, startProgram, type TestServer } from './program.ts';

/** Undefined: it is not installed. */
export const natsProgram = findProgram('nats-server');

export function startNats(more: readonly string[] = []): Promise<TestServer> {
  return startProgram({ path: natsProgram ?? 'nats-server', args: (port) => ['-a', '127.0.0.1', '-p', `${port}`, ...more] });
}
