/** Bare `ws`, as the broadcast example in its documentation: `send` for each client. A room is a path. */
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { announce } from './announce.ts';

const server = createServer();
const wss = new WebSocketServer({ server, clientTracking: false });
const rooms = new Map<string, Set<WebSocket>>();

wss.on('connection', (ws, { url = '/' }) => {
  const members = rooms.get(url) ?? new Set();
  rooms.set(url, members.add(ws));
  ws.on('message', (data, isBinary) => {
    for (const client of members) {
      if (client !== ws && client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
    }
  });
  ws.on('close', () => members.delete(ws));
});

announce(server, ['send() for each client, perMessageDeflate off (its default)']);
