import { expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { OutgoingPacket, type OutgoingPackets } from '../lib/outgoing-packet.ts';
import { TestConnection } from '../ports/connection.test-support.ts';
import { Peer } from './emit.ts';

function makePeer(namespace = '/') {
  const clock = new ManualClock();
  const sent: OutgoingPacket[] = [];
  const connection = Object.assign(new TestConnection('id'), {
    send: (outgoing: OutgoingPackets) => void (outgoing instanceof OutgoingPacket && sent.push(outgoing)),
  });
  return { clock, sent, peer: new Peer(connection, namespace, clock) };
}

test('events and replies name the namespace, and binary values travel beside the text', () => {
  const { sent, peer } = makePeer('/custom');
  peer.emit('hello', 1, Uint8Array.of(5));
  peer.reply(7, 'ok');
  expect(sent.map(({ text }) => text)).toEqual(['51-/custom,["hello",1,{"_placeholder":true,"num":0}]', '3/custom,7["ok"]']);
  expect(sent[0]?.attachments).toEqual([Uint8Array.of(5)]);
});

test('each acknowledgement resolves the event that it answers, once', async () => {
  const { clock, sent, peer } = makePeer();
  const first = peer.emitWithAck('a', [], { timeoutMs: 100 });
  const second = peer.emitWithAck('b', [1], { timeoutMs: 100 });
  expect(sent.map(({ text }) => text)).toEqual(['21["a"]', '22["b",1]']);
  peer.onAck(2, ['two']);
  peer.onAck(1, ['one', 1]);
  peer.onAck(1, ['again']);
  peer.onAck(99, ['unasked']);
  expect(await first).toEqual(['one', 1]);
  expect(await second).toEqual(['two']);
  expect(clock.timerCount).toBe(0);
});

test('without an acknowledgement the event fails in time, or when the connection closes', async () => {
  const { clock, peer } = makePeer();
  const late = peer.emitWithAck('a', [], { timeoutMs: 100 });
  clock.advance(100);
  await expect(late).rejects.toThrow('did not acknowledge "a" within 100 ms');
  const cut = peer.emitWithAck('b', [], { timeoutMs: 100 });
  peer.onClose();
  await expect(cut).rejects.toThrow('closed before');
  expect(clock.timerCount).toBe(0);
});
