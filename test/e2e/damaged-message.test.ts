/** A message whose bytes have changed on the disk while the hub was down. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { test } from '../support/fixtures.ts';
import { temporaryFolder } from '../support/hub-process.ts';

test('a reader is told which message is damaged, gets the others in order, and is not told again', { timeout: 30_000 }, async ({
  startHub,
  connectAs,
  onTestFinished,
}) => {
  const folder = await temporaryFolder();
  onTestFinished(folder.remove);
  const before = await startHub({ data: folder.path });
  const ann = await connectAs(before.url, 'ann');
  for (const content of ['first', 'to be damaged', 'third']) await ann.send('message', { recipient_id: 'bob', content });
  ann.close();
  await before.stop();

  const file = join(folder.path, 'parley.db');
  const bytes = readFileSync(file);
  const at = bytes.indexOf('to be damaged');
  expect(at).toBeGreaterThan(0);
  bytes.write('TO BE', at);
  writeFileSync(file, bytes);

  const hub = await startHub({ data: folder.path });
  const bob = await connectAs(hub.url, 'bob');
  await bob.waitFor('message', 2);
  const came = bob.received.filter(({ name }) => name === 'message' || name === 'error').map(({ payload }) => payload);
  expect(came).toMatchObject([
    { seq: 1, content: 'first' },
    { status: 'error', code: 'message_damaged', event: 'message', details: { seq: 2 } },
    { seq: 3, content: 'third' },
  ]);
  await expect
    .poll(async () => {
      const again = await connectAs(hub.url, 'bob');
      return again.registered.queued;
    })
    .toBe(0);
});
