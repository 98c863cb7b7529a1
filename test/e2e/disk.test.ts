/** What users see when the disk under a real hub is slow, full or broken. */
import { expect } from 'vitest';
import { smallDisk, syncFaults } from '../support/faulty-disk.ts';
import { test } from '../support/fixtures.ts';

const faults = await syncFaults();
const disk = await smallDisk(8);
const withFaults = test.skipIf(typeof faults === 'string');
const withSmallDisk = test.skipIf(typeof disk === 'string');
const why = (problem: unknown) => (typeof problem === 'string' ? ` (skipped: ${problem})` : '');

withFaults(
  `slow disk: replies wait, everything else goes on, and a bounded queue refuses the rest${why(faults)}`,
  { timeout: 60_000 },
  async ({ startHub, connectAs }) => {
    if (typeof faults === 'string') return;
    const hub = await startHub({ env: faults.env, args: ['--store.max-pending', '200'] });
    const ann = await connectAs(hub.url, 'ann');
    const bob = await connectAs(hub.url, 'bob');
    await faults.set('slow 1000');

    const sendMany = (count: number) =>
      Promise.all(Array.from({ length: count }, (_, index) => ann.send('message', { recipient_id: 'bob', content: index })));
    const few = sendMany(100);
    expect(await bob.send('ping_hub', {})).toMatchObject({ status: 'success' });
    expect(await bob.send('signal', { recipient_id: 'ann', kind: 'typing' })).toMatchObject({ status: 'success' });
    await ann.waitFor('signal');
    expect(ann.all('message_sent')).toEqual([]);
    expect((await few).every((reply) => reply.status === 'success')).toBe(true);
    expect(await bob.waitFor('message', 100)).toHaveLength(100);

    const replies = await sendMany(2000);
    await faults.set('');
    const refused = replies.filter((reply) => reply.status === 'error');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({ code: 'overloaded', retry_after: expect.any(Number) });
    expect(new Set(refused.map((reply) => reply.code))).toEqual(new Set(['overloaded']));
    const accepted = replies.length - refused.length;
    expect((await bob.waitFor('message', 100 + accepted, 20_000)).length).toBe(100 + accepted);
  },
);

withFaults(
  `broken disk: nothing more is acknowledged, the hub ends and says so, and a restart has all that was${why(faults)}`,
  async ({ startHub, connectAs }) => {
    if (typeof faults === 'string') return;
    await faults.set('');
    const hub = await startHub({ env: faults.env });
    const ann = await connectAs(hub.url, 'ann', { reconnection: false });
    for (const content of ['1', '2', '3'])
      expect(await ann.send('message', { recipient_id: 'bob', content })).toMatchObject({ status: 'success' });

    await faults.set('fail');
    const lost = await Promise.allSettled(['4', '5'].map((content) => ann.send('message', { recipient_id: 'bob', content })));
    for (const outcome of lost) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toMatchObject({ status: 'error', code: 'storage_failed' });
    }
    expect(await hub.exitCode).toBe(70);
    expect(hub.output()).toContain('The store failed');

    await faults.set('');
    const again = await startHub({ env: faults.env });
    const bob = await connectAs(again.url, 'bob');
    const messages = await bob.waitFor('message', 3);
    expect(messages.map((message) => message.content)).toEqual(['1', '2', '3']);
  },
);

withSmallDisk(
  `full disk: sends are refused, reads and live events go on, and it heals by itself${why(disk)}`,
  async ({ startHub, connectAs, onTestFinished }) => {
    if (typeof disk === 'string') return;
    onTestFinished(() => disk.remove());
    const hub = await startHub({ data: `${disk.path}/data` });
    const ann = await connectAs(hub.url, 'ann');
    const bob = await connectAs(hub.url, 'bob');
    const content = 'x'.repeat(20_000);
    const send = () => ann.send('message', { recipient_id: 'bob', content });
    expect(await send()).toMatchObject({ status: 'success' });
    expect(await ann.send('message', { recipient_id: 'cleo', content: 'waits' })).toMatchObject({ status: 'success' });

    disk.fill();
    let reply = await send();
    // What the log file had in reserve may take a few more.
    for (let tries = 0; reply.status === 'success' && tries < 500; tries += 1) reply = await send();
    expect(reply).toMatchObject({ status: 'error', code: 'storage_full', retry_after: expect.any(Number) });
    const { messages } = await ann.send('history', { user_id: 'bob' });
    expect(messages).toHaveLength(Math.min(50, bob.all('message').length));
    expect(await ann.send('broadcast', { content: 'still here' })).toMatchObject({ status: 'success', recipients: 2 });
    await bob.waitFor('broadcast');
    const cleo = await connectAs(hub.url, 'cleo');
    expect(await cleo.waitFor('message')).toMatchObject([{ content: 'waits' }]);

    disk.free();
    await expect.poll(async () => (await send()).status, { timeout: 20_000 }).toBe('success');
  },
);
