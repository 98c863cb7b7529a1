/** The driver against the part of Centrifugo's JSON protocol that it uses, since the program itself is not in npm. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { audience } from './centrifugo.ts';

interface Command {
  readonly id: number;
  readonly connect?: object;
  readonly subscribe?: { readonly channel: string };
  readonly publish?: { readonly channel: string; readonly data: unknown };
}

async function startStandIn(): Promise<{ port: number; close: () => void }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const subscribers = new Set<WebSocket>();
  const answer = (ws: WebSocket, { id, connect, subscribe, publish }: Command): object => {
    if (connect !== undefined) return { id, connect: { client: 'someone', version: '6' } };
    if (subscribe !== undefined) {
      subscribers.add(ws);
      return { id, subscribe: {} };
    }
    const push = JSON.stringify({ push: { channel: publish?.channel, pub: { data: publish?.data } } });
    for (const subscriber of subscribers) subscriber.send(push);
    return { id, publish: {} };
  };
  server.on('connection', (ws) => {
    ws.on('message', (data) => {
      for (const line of String(data).split('\n')) ws.send(JSON.stringify(answer(ws, JSON.parse(line))));
    });
  });
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, close: () => server.close() };
}

test('a message of the sender reaches each receiver once', async () => {
  const standIn = await startStandIn();
  const { promise, resolve } = Promise.withResolvers<void>();
  let missing = 6;
  const opened = await audience({ host: '127.0.0.1', port: standIn.port }, 3, () => {
    missing -= 1;
    if (missing === 0) resolve();
  });
  opened.send(2);
  await opened.guard(promise, 10_000, 'deliveries are missing');
  expect(opened.delivered()).toEqual([2, 2, 2]);
  opened.leave();
  standIn.close();
});
