import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/manual-clock.test-support.ts';
import { OutgoingPacket } from '../lib/outgoing-packet.ts';
import { EngineSession } from './engine-session.ts';
import type { ConnectOptions } from './options.ts';
import { defaultConnectOptions } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { SessionContext } from './session-context.ts';
import type { Transport, TransportListener } from './transport.ts';
import { noListener } from './transport.ts';

/** Keeps what it is given; each array is one write. */
class FakeTransport implements Transport {
  readonly name = 'websocket';
  listener: TransportListener = noListener;
  writable = true;
  bufferedBytes = 0;
  readonly writes: string[][] = [];
  closed: string | undefined;

  write(packets: readonly Outgoing[]): readonly Outgoing[] {
    this.writes.push(packets.flatMap((outgoing) => outgoing.packets).map(({ payload }) => payload));
    return [];
  }

  isPaused = false;
  incompleteBytes = 0;

  trust(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
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
  const context = new SessionContext<EngineSession>(
    clock,
    { ...defaultConnectOptions, pingIntervalMs: 300, pingTimeoutMs: 200, ...options },
    { onClosed() {}, onDisplaced() {} },
  );
  const origin = { address: '', headers: {}, query: {}, issuedAtMs: 0 };
  const session = new EngineSession(context, { sid: 'sid', origin, transport }, () => ({
    onMessage: (data) => events.push(`message ${data}`),
    onDrain: () => events.push('drain'),
    onClose: (reason) => events.push(`close ${reason} at ${clock.monotonic()}`),
  }));
  clock.endTurn();
  transport.writes.length = 0;
  const pong = () => transport.listener.onPacket({ type: 'pong', data: '' });
  const pongListener = { onPong: () => events.push(`pong at ${clock.monotonic()}`) };
  return { clock, transport, events, session, pong, pongListener };
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

  test('a ping that was asked for counts as the heartbeat, and only who asked hears of the pong', () => {
    const { clock, transport, events, session, pong, pongListener } = open();
    clock.advance(250);
    expect(session.ping(pongListener)).toBe(true);
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
    const { clock, session, pongListener, pong } = open();
    clock.advance(300);
    expect(session.ping(pongListener)).toBe(false);
    pong();
    expect(session.ping(pongListener)).toBe(true);
    expect(session.ping(pongListener)).toBe(false);
  });

  test('a ping that was asked for and is not answered closes as well', () => {
    const { clock, session, pongListener, events } = open();
    session.ping(pongListener);
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
    const { clock, transport, session, pongListener } = open();
    session.send(text('a'));
    session.send(text('b'));
    session.ping(pongListener);
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

  test('a peer that has taken everything and does not answer the close is cut soon', () => {
    const { clock, session, events } = open();
    session.close('server shutting down');
    clock.advance(10_000);
    expect(events).toEqual(['close server shutting down at 300']);
    expect(clock.timerCount).toBe(0);
  });

  test('a peer that is still taking what it was given has the whole time to do so', () => {
    const { clock, transport, session, events } = open({ closeTimeoutMs: 700 });
    transport.bufferedBytes = 1000;
    session.send(text('last'));
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

describe('input', () => {
  const receive = ({ transport }: ReturnType<typeof open>, ...data: string[]) => {
    for (const text of data) transport.listener.onPacket({ type: 'message', data: text });
  };

  test('is not handled while the session is held, but pongs are', () => {
    const opened = open();
    const { clock, session, pongListener, pong, events, transport } = opened;
    session.ping(pongListener);
    session.hold();
    receive(opened, 'a', 'b');
    pong();
    expect([events, transport.isPaused]).toEqual([['pong at 0'], true]);
    session.release();
    clock.endTurn();
    expect([events, transport.isPaused]).toEqual([['pong at 0', 'message a', 'message b'], false]);
  });

  test('is not handled above high water, and again once the peer has taken most of what waits', () => {
    const opened = open({ bufferHighWaterBytes: 100_000, bufferLowWaterBytes: 60_000, strangerHighWaterBytes: 50_000 });
    const { clock, session, events, transport } = opened;
    const fill = (bytes: number) => {
      transport.bufferedBytes = bytes;
      transport.listener.onTaken();
      clock.endTurn();
    };
    fill(50_001);
    receive(opened, 'a');
    expect([events, transport.isPaused]).toEqual([[], true]);
    session.identify(true);
    fill(50_001);
    expect(events).toEqual([]);
    fill(50_000);
    expect([events, transport.isPaused]).toEqual([['message a'], false]);
    fill(100_001);
    receive(opened, 'b');
    expect(events).toHaveLength(1);
    fill(1000);
    expect(events.filter((event) => event.startsWith('message'))).toEqual(['message a', 'message b']);
  });

  test('is read from those that hold little however much the others hold', () => {
    const opened = open({ bufferTotalBytesMax: 20_000 });
    const { transport, events } = opened;
    transport.bufferedBytes = 16_384;
    transport.listener.onTaken();
    receive(opened, 'a');
    transport.bufferedBytes = 16_385;
    transport.listener.onTaken();
    receive(opened, 'b');
    expect(events).toEqual(['message a']);
  });

  test.each(['transport close', 'parse error'] as const)('that came before a %s is handled, and then the end is told', (reason) => {
    const opened = open();
    const { clock, session, transport, events } = opened;
    const { listener } = transport;
    session.hold();
    receive(opened, 'a', 'b');
    listener.onEnd(reason);
    session.send(text('nobody hears this'));
    clock.advance(100_000);
    expect(events).toEqual([]);
    expect(session.bufferedBytes).toBe(0);
    session.release();
    clock.endTurn();
    expect(events).toEqual(['message a', 'message b', `close ${reason} at 100000`]);
    expect(clock.timerCount).toBe(0);
  });

  test('that waits is dropped when the session is closed from here', () => {
    const opened = open();
    const { clock, session, transport, events } = opened;
    session.hold();
    receive(opened, 'a');
    session.close('server shutting down');
    expect(transport.isPaused).toBe(false);
    session.release();
    clock.advance(5000);
    expect(events).toEqual(['close server shutting down at 300']);
  });

  test('that is not read keeps a peer alive that takes what it is sent, and no other', () => {
    const opened = open({ bufferHighWaterBytes: 20_000 });
    const { clock, transport, events } = opened;
    transport.bufferedBytes = 30_000;
    transport.listener.onTaken();
    receive(opened, 'a');
    clock.advance(450);
    transport.bufferedBytes = 25_000;
    transport.listener.onTaken();
    clock.advance(249);
    expect(events).toEqual([]);
    clock.advance(1);
    expect(events).toEqual(['close ping timeout at 700']);
  });
});
