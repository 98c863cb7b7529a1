/**
 * Bare `ws` with the least that Node can do for a message at once: one finished frame, written to each socket as it is. No
 * protocol, no storage, no limits: this is the floor.
 */
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { announce } from './announce.ts';

const server = createServer();
const wss = new WebSocketServer({ noServer: true, clientTracking: false });
const rooms = new Map<string, Set<Duplex>>();

/** RFC 6455: FIN and text, the length, the payload. */
function preparedFrame(payload: Buffer): Buffer {
  const { length } = payload;
  const header = length < 126 ? [0x81, length] : [0x81, 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(header), payload]);
}

server.on('upgrade', (req, socket, head) => {
  wss.handleUpgrade(req, socket, head, (ws) => {
    const { url = '/' } = req;
    const members = rooms.get(url) ?? new Set();
    rooms.set(url, members.add(socket));
    ws.on('message', (data) => {
      if (!Buffer.isBuffer(data)) return;
      const frame = preparedFrame(data);
      for (const member of members) if (member !== socket) member.write(frame);
    });
    ws.on('close', () => members.delete(socket));
  });
});

announce(server, ['one prepared frame, socket.write() for each client; no protocol, no storage, no limits']);
