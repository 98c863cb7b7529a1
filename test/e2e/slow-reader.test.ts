/**
 * A member of a room stops reading while 200 MB go to the room. The hub must not keep them in memory, the others must not
 * notice, and the member gets all of it in order once it reads again.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { test } from '../support/fixtures.ts';
import { smallHeap } from '../support/hub-process.ts';

const contentBytes = 60_000;
const messages = Math.ceil(200_000_000 / contentBytes);
const inFlight = 16;

/** A member that speaks the protocol by hand, so that it can stop reading its socket. */
class RawMember {
  readonly #socket: WebSocket;
  /** The `seq` of every room message that came. */
  readonly seqs: number[] = [];
  #onText: (text: string) => void = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    this.#socket.on('message', (data) => this.#onMessage(String(data)));
  }

  /** Called right after the constructor, before anything has come. */
  async join(userId: number, roomId: string): Promise<void> {
    await this.#until((text) => text.startsWith('0'));
    this.#socket.send('40');
    await this.#until((text) => text.startsWith('40'));
    this.#socket.send(`42${JSON.stringify(['register', { user_id: userId }])}`);
    this.#socket.send(`42${JSON.stringify(['join_room', { room_id: roomId }])}`);
    await this.#until((text) => text.startsWith('42["joined_room"'));
  }

  stopReading(): void {
    this.#socket.pause();
  }

  readOn(): void {
    this.#socket.resume();
  }

  async hasSeq(seq: number): Promise<void> {
    if (this.seqs.at(-1) !== seq) await this.#until(() => this.seqs.at(-1) === seq);
  }

  close(): void {
    this.#socket.terminate();
  }

  #until(isIt: (text: string) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#onText = (text) => {
        if (isIt(text)) resolve();
      };
    });
  }

  #onMessage(text: string): void {
    if (text === '2') this.#socket.send('3');
    const seq = /^42\["room_message",\{"id":"[0-9]+","seq":([0-9]+)/.exec(text)?.[1];
    if (seq !== undefined) this.seqs.push(Number(seq));
    this.#onText(text);
  }
}

/** Resident memory of a process, in bytes. */
function residentBytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

test('a room member that stops reading costs no memory, holds up nobody and gets everything in order', { timeout: 120_000 }, async ({
  startHub,
  connectAs,
  onTestFinished,
}) => {
  // A dead peer is found by the heartbeat; here it is to stay, so the heartbeat is slow.
  const hub = await startHub({ args: ['--ping.interval', '300s', '--slow.deadline', '300s'], env: smallHeap });
  const sender = await connectAs(hub.url, 1);
  await sender.send('join_room', { room_id: 'r' });
  const quick = new RawMember(hub.url);
  onTestFinished(() => quick.close());
  await quick.join(2, 'r');
  const stopped = new RawMember(hub.url);
  onTestFinished(() => stopped.close());
  await stopped.join(3, 'r');

  const content = 'x'.repeat(contentBytes);
  let sent = 0;
  let peakBytes = 0;
  const sendUntil = async (count: number): Promise<void> => {
    const send = async () => {
      while (sent < count) {
        sent += 1;
        await sender.send('room_message', { room_id: 'r', content, echo: false });
        if (sent % 64 === 0) peakBytes = Math.max(peakBytes, residentBytes(hub.pid));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, send));
    await quick.hasSeq(count);
  };

  // The same traffic with everybody reading is the measure, since the heap of a busy process grows to its working size.
  await sendUntil(messages);
  await stopped.hasSeq(messages);
  const peakWithoutBytes = peakBytes;

  stopped.stopReading();
  await sendUntil(2 * messages);
  expect(peakBytes - peakWithoutBytes).toBeLessThan((messages * contentBytes) / 2);
  expect(stopped.seqs.length).toBeLessThan(2 * messages);

  stopped.readOn();
  await stopped.hasSeq(2 * messages);
  expect(stopped.seqs).toEqual(Array.from({ length: 2 * messages }, (_, index) => index + 1));
  expect(quick.seqs).toEqual(stopped.seqs);
  process.stdout.write(
    `slow reader: resident memory of the hub peaked at ${Math.round(peakWithoutBytes / 1e6)} MB without and ${Math.round(peakBytes / 1e6)} MB with it\n`,
  );
});
