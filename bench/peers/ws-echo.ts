/** Bare `ws` that answers each message with itself: the latency that no hub on Node can go below. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { announce } from './announce.ts';

const server = createServer();
new WebSocketServer({ server, clientTracking: false }).on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

announce(server, ['send() of what came, to whom it came from']);
