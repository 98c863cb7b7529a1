/** What the hub refuses, what it answers over HTTP, and a client in another language. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connectClient } from '../../test/support/client.ts';
import { at, isSame, type Person, type Scene } from './scene.ts';

export async function refusals({ stage, url, come }: Scene, ann: Person): Promise<void> {
  const others: Person[] = [];
  for (let count = 0; count < 5; count++) others.push(await come('dora'));
  const sixth: unknown = await connectClient(url, { auth: { user_id: 'dora' } }).catch((error: unknown) => at(error, 'data'));
  stage.see('Dora has five connections, and a sixth is refused (connection_limit)', at(sixth, 'code') === 'connection_limit', sixth);
  for (const other of others) other.close();

  const stranger = await connectClient(url);
  const early = await stranger.send('message', { recipient_id: 'bob', content: 'Psst' });
  stage.see('Somebody who has not said who they are may not send (not_registered)', early.code === 'not_registered', early);
  stranger.close();
  const forged = await ann.send('message', { sender_id: 'bob', recipient_id: 'ann', content: 'I am Bob' });
  stage.see('Ann can not send in the name of Bob (sender_mismatch)', forged.code === 'sender_mismatch', forged);
  const unknown = await ann.sendRaw('mesage', { recipient_id: 'bob', content: 'typo' });
  stage.see('A misspelt event is not swallowed, it is answered (unknown_event)', unknown.code === 'unknown_event', unknown);
  stage.say(`The hub's words: ${String(unknown.message)}`);
}

export async function overHttp({ stage, getJson }: Scene): Promise<void> {
  const health = await getJson('/health');
  stage.see('GET /health says healthy', isSame(health.body, { status: 'healthy' }), health);
  const stats = await getJson('/api/stats');
  const messages = at(stats.body, 'messages');
  stage.see(`GET /api/stats counts ${String(messages)} stored messages`, typeof messages === 'number' && messages > 0, stats);
  const room = await getJson('/api/rooms/tea');
  stage.see('GET /api/rooms/tea shows the room and its members', isSame(at(room.body, 'members'), ['ann', 'bob']), room);
  const nowhere = await getJson('/api/rooms/nowhere');
  stage.see(
    'GET of a room that is not there is a plain 404',
    nowhere.status === 404 && at(nowhere.body, 'error') === 'Room not found',
    nowhere,
  );
}

const python = '/usr/bin/python3';
const inbox = fileURLToPath(new URL('../../test/e2e/python/inbox.py', import.meta.url));

export async function fromPython({ stage, url }: Scene, ann: Person): Promise<void> {
  if (spawnSync(python, ['-c', 'import socketio, requests, websocket']).status !== 0) {
    stage.say('Left out: the stock Python client is not installed (python3-socketio, python3-requests, python3-websocket).');
    return;
  }
  const texts = ['Hello snake', 'Ssss?'];
  for (const content of texts) await ann.send('message', { recipient_id: 'py', content, receipt: true });
  stage.say('Ann writes two messages to "py", a user who was never here.');
  const { stdout } = spawnSync(python, [inbox, url, 'polling,websocket', 'py', '2'], { encoding: 'utf8', timeout: 15_000 });
  const events: unknown[] = stdout.trim().split('\n').map(parse);
  stage.see('The stock Python client registers and is told of 2 waiting messages', at(events[0], 'payload', 'queued') === 2, stdout);
  const got = at(events[1], 'payload', 'list');
  stage.see(
    'It gets them, in order',
    Array.isArray(got) &&
      isSame(
        got.map((message: unknown) => at(message, 'content')),
        texts,
      ),
    stdout,
  );
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
