import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { EngineSession, SessionContext } from './engine-session.ts';
import type { ConnectOptions } from './options.ts';
import { defaultConnectOptions } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import type { Transport, TransportListener } from './transport.ts';
import { deaf } from './transport.ts';

/** Keeps what it is given; each array is one write. */
class FakeTransport implements Transport {
  readonly name = 'websocket';
  listener: TransportListener = deaf;
  writable = true;
  bufferedBytes = 0;
  readonly writes: string[][] = [];
  closed: string | undefined;

  write(packets: readonly Outgoing[]): number {
    this.writes.push(packets.map((packet) => packet.payload));
    return packets.length;
  }

  handleRequest(): void {}

  close(reason: string): void {
    this.closed ??= reason;
  }
}

function open(options: Partial<ConnectOptions> = {}) {
  const clock = new ManualClock();
  const transport = new FakeTransport();
  const events: string[] = [];
  const context = new SessionContext(clock, { ...defaultConnectOptions, pingIntervalMs: 300, pingTimeoutMs: 200, ...options }, () => {});
  const origin = { address: '', headers: {}, query: {}, issuedAtMs: 0 };
  const session = new EngineSession(context, { sid: 'sid', origin, transport }, () => ({
    onMessage: (data) => events.push(`message ${data}`),
    onDrain: () => events.push('drain'),
    onClose: (reason) => events.push(`close ${reason} at ${clock.monotonic()}`),
  }));
  clock.endTurn();
  transport.writes.length = 0;
  const pong = () => transport.listener.onPacket({ type: 'pong', data: '' });
  const asker = { onPong: () => events.push(`pong at ${clock.monotonic()}`) };
  return { clock, transport, events, session, pong, asker };
}

const text = (value: string) => new OutgoingPacket(value);

describe('heartbeat', () => {
  test('a ping leaves after the interval, and again after each pong', () => {
    const { clock, transport, events, pong } = open();
    clock.advance(299);
    expect(transport.writes).toEqual([]);
    clock.advance(1);
    expect(transport.writes).toEqual([['2']]);
    clock.advance(100);
    pong();
    clock.advance(299);
    expect(transport.writes).toHaveLength(1);
    clock.advance(1);
    expect(transport.writes).toHaveLength(2);
    expect(events).toEqual([]);
  });

  test('a missing pong closes with "ping timeout"', () => {
    const { clock, transport, events } = open();
    clock.advance(1000);
    expect(events).toEqual(['close ping timeout at 500']);
    expect(transport.closed).toBe('ping timeout');
    expect(clock.timerCount).toBe(0);
  });

  test('a ping that was asked for counts as the heartbeat, and only its asker hears of the pong', () => {
    const { clock, transport, events, session, pong, asker } = open();
    clock.advance(250);
    expect(session.ping(asker)).toBe(true);
    clock.advance(100);
    expect(transport.writes).toEqual([['2']]);
    pong();
    clock.advance(299);
    expect(transport.writes).toHaveLength(1);
    clock.advance(1);
    expect(transport.writes).toHaveLength(2);
    pong();
    expect(events).toEqual(['pong at 350']);
  });

  test('at most one ping is outstanding, whoever asked', () => {
    const { clock, session, asker, pong } = open();
    clock.advance(300);
    expect(session.ping(asker)).toBe(false);
    pong();
    expect(session.ping(asker)).toBe(true);
    expect(session.ping(asker)).toBe(false);
  });

  test('a ping that was asked for and is not answered closes as well', () => {
    const { clock, session, asker, events } = open();
    session.ping(asker);
    clock.advance(200);
    expect(events).toEqual(['close ping timeout at 200']);
  });

  test('pongs that nobody asked for change nothing', () => {
    const { clock, transport, events, pong } = open();
    for (let count = 0; count < 1000; count++) pong();
    clock.advance(299);
    expect(transport.writes).toEqual([]);
    clock.advance(1);
    expect(transport.writes).toEqual([['2']]);
    expect(events).toEqual([]);
  });
});

describe('writing', () => {
  test('what is sent in one turn leaves in one write, a ping behind it', () => {
    const { clock, transport, session, asker } = open();
    session.send(text('a'));
    session.send(text('b'));
    session.ping(asker);
    session.send(text('c'));
    expect(transport.writes).toEqual([]);
    clock.endTurn();
    expect(transport.writes).toEqual([['4a', '4b', '2', '4c']]);
  });

  test('a transport that takes nothing yet is given the queue once it does', () => {
    const { clock, transport, session } = open();
    transport.writable = false;
    session.send(text('a'));
    clock.endTurn();
    session.send(text('b'));
    clock.endTurn();
    expect(transport.writes).toEqual([]);
    transport.writable = true;
    transport.listener.onWritable();
    expect(transport.writes).toEqual([['4a', '4b']]);
  });

  test('onDrain comes once, when the buffer has fallen to the low-water mark after it was above', () => {
    const { clock, transport, session, events } = open({ bufferLowWaterBytes: 100 });
    transport.bufferedBytes = 101;
    session.send(text('x'));
    clock.endTurn();
    transport.listener.onTaken();
    expect(events).toEqual([]);
    transport.bufferedBytes = 100;
    transport.listener.onTaken();
    transport.listener.onTaken();
    expect(events).toEqual(['drain']);
  });

  test('onDrain comes even if the whole turn was taken at once', () => {
    const { clock, session, events } = open({ bufferLowWaterBytes: 100 });
    session.send(text('x'.repeat(200)));
    expect(session.bufferedBytes).toBeGreaterThan(200);
    clock.endTurn();
    expect(session.bufferedBytes).toBe(0);
    expect(events).toEqual(['drain']);
  });

  test('a peer that takes nothing is closed at the last bound', () => {
    const { clock, transport, session, events } = open({ bufferBytesMax: 1000 });
    transport.writable = false;
    session.send(text('x'.repeat(990)));
    clock.endTurn();
    expect(events).toEqual([]);
    session.send(text('x'.repeat(10)));
    clock.endTurn();
    expect(events).toEqual(['close transport error at 0']);
    expect(session.bufferedBytes).toBe(0);
  });
});

describe('closing', () => {
  test('what was sent before leaves first, what is sent after does not', () => {
    const { clock, transport, session, events } = open();
    session.send(text('last'));
    session.close('forced close');
    session.send(text('too late'));
    expect(transport.closed).toBeUndefined();
    clock.endTurn();
    expect(transport.writes).toEqual([['4last']]);
    expect(transport.closed).toBe('forced close');
    transport.listener.onEnd('transport close');
    expect(events).toEqual(['close forced close at 0']);
  });

  test('a peer that does not answer the close is cut', () => {
    const { clock, session, events } = open({ closeTimeoutMs: 700 });
    session.close('server shutting down');
    clock.advance(10_000);
    expect(events).toEqual(['close server shutting down at 700']);
    expect(clock.timerCount).toBe(0);
  });

  test('messages are not heard any more once it is closing', () => {
    const { transport, session, events } = open();
    session.close('forced close');
    transport.listener.onPacket({ type: 'message', data: 'x' });
    expect(events).toEqual([]);
  });

  test('the end is told once', () => {
    const { clock, transport, session, events } = open();
    const { listener } = transport;
    listener.onEnd('transport close');
    listener.onEnd('transport error');
    session.close('forced close');
    clock.advance(100_000);
    expect(events).toEqual(['close transport close at 0']);
    expect(session.ping({ onPong() {} })).toBe(false);
  });

  test.each([['open'], ['ping'], ['upgrade']] as const)('a client that sends "%s" breaks the protocol', (type) => {
    const { transport, events } = open();
    transport.listener.onPacket({ type, data: '' });
    expect(events).toEqual(['close parse error at 0']);
  });
});
