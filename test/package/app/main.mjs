/** Embeds a hub in each server in turn and sends a message between two stock clients. Prints a line for each; fails loudly. */
import { strictEqual } from 'node:assert';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createHub } from '@parley/hub';
import { limits } from '@parley/protocol';
import { io } from 'socket.io-client';
import { servers } from './servers.mjs';

strictEqual(typeof limits, 'object');
// Types for browsers, which load nothing for them.
strictEqual(await readFile(new URL(import.meta.resolve('@parley/protocol/types')), 'utf8').then((text) => /\bimport\b/.test(text)), false);
for (const [name, start] of Object.entries(servers)) {
  const data = `./data-${name}`;
  const hub = await createHub({ data });
  const server = await start((httpServer) => hub.attach(httpServer));
  const url = `http://127.0.0.1:${server.address().port}`;
  strictEqual(await (await fetch(url)).text(), name);

  const [ann, bob] = ['ann', 'bob'].map((user_id) => io(url, { auth: { user_id } }));
  await Promise.all([ann, bob].map((socket) => arrival(socket, 'registered')));
  const received = arrival(bob, 'message');
  const reply = await ann.timeout(5000).emitWithAck('message', { recipient_id: 'bob', content: `Hello over ${name}` });
  strictEqual(reply.status, 'success');
  strictEqual((await received).content, `Hello over ${name}`);

  ann.close();
  bob.close();
  await hub.close();
  server.close();
  server.closeAllConnections();
  await rm(data, { recursive: true });
  console.log(`embedded in ${name}`);
}

async function arrival(socket, event) {
  const [payload] = await once(socket, event, { signal: AbortSignal.timeout(5000) });
  return payload;
}
