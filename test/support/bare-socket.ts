/** Peers that do what no client library would: they write frames over a bare socket, and read nothing. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import type { HubProcess } from './hub-process.ts';

/** Resident memory of a process, in MiB. */
export function residentMiB({ pid }: HubProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

export function openSocket({ port }: HubProcess): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  return socket;
}

const opcode = { continuation: 0, text: 1 } as const;

/** A frame of a client whose mask is zero. */
export function frame(text: string, kind: keyof typeof opcode = 'text', isLast = true): Buffer {
  const bytes = Buffer.from(text);
  const first = opcode[kind] | (isLast ? 0x80 : 0);
  if (bytes.length < 126) return Buffer.concat([Buffer.from([first, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
  return Buffer.concat([Buffer.from([first, 0x80 | 126, bytes.length >> 8, bytes.length & 0xff, 0, 0, 0, 0]), bytes]);
}

/** Joins over WebSocket, reads up to this event, and nothing more. */
export async function join(hub: HubProcess, auth = '', until = 'connected'): Promise<Socket> {
  const socket = openSocket(hub);
  socket.write(
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  socket.write(frame(`40${auth}`));
  await new Promise<void>((resolve, reject) => {
    let received = '';
    socket.once('close', () => reject(new Error(`closed after ${received}`)));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (received.includes(`["${until}"`)) resolve();
    });
  });
  return socket.pause();
}
