import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from './limits.ts';
import {
  decodeSocketPacket,
  type EncodedPacket,
  encodeAck,
  encodeAckText,
  encodeConnect,
  encodeConnectError,
  encodeDisconnect,
  encodeEvent,
  encodeEventText,
  placeAttachments,
  type SocketPacket,
} from './socketio.ts';

interface Vector {
  readonly text: string;
  readonly attachments?: readonly (readonly number[])[];
  readonly packet: SocketPacket;
}

interface Vectors {
  readonly both: readonly Vector[];
  readonly decodeOnly: readonly Vector[];
  readonly malformed: readonly { readonly text: string; readonly why: string }[];
  readonly malformedAttachments: readonly {
    readonly text: string;
    readonly attachments: readonly (readonly number[])[];
    readonly why: string;
  }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/socketio.json', import.meta.url), 'utf8'), (_key, value) =>
  Array.isArray(value?.bytes) ? Uint8Array.from(value.bytes) : value,
);

/** What a peer gets out of a text and the binary messages after it. */
function receive(text: string, attachments: readonly Uint8Array[] = []): SocketPacket | undefined {
  const packet = decodeSocketPacket(text);
  if (packet === undefined || !('attachments' in packet) || packet.attachments === 0) return packet;
  return placeAttachments(packet, attachments);
}

function send(packet: SocketPacket): EncodedPacket {
  switch (packet.type) {
    case 'event':
      return encodeEvent(packet.namespace, packet.args, packet.ackId);
    case 'ack':
      return encodeAck(packet.namespace, packet.ackId, packet.args);
    case 'connect':
      return { text: encodeConnect(packet.namespace, packet.data), attachments: [] };
    case 'connect_error':
      if (typeof packet.data === 'string' || typeof packet.data.message !== 'string') throw new Error('not one of ours');
      return { text: encodeConnectError(packet.namespace, { message: packet.data.message }), attachments: [] };
    case 'disconnect':
      return { text: encodeDisconnect(packet.namespace), attachments: [] };
  }
}

const bytesOf = (vector: { attachments?: readonly (readonly number[])[] }) =>
  (vector.attachments ?? []).map((bytes) => Uint8Array.from(bytes));
const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('golden vectors', () => {
  test.each(vectors.both)('$text, both ways', (vector) => {
    expect(receive(vector.text, bytesOf(vector))).toMatchObject(vector.packet);
    expect(send(vector.packet)).toEqual({ text: vector.text, attachments: bytesOf(vector) });
  });

  test.each(vectors.decodeOnly)('$text is understood', (vector) => {
    expect(receive(vector.text, bytesOf(vector))).toMatchObject(vector.packet);
  });

  test.each(vectors.malformed)('"$text" is refused: $why', ({ text }) => {
    expect(decodeSocketPacket(text)).toBeUndefined();
  });

  test.each(vectors.malformedAttachments)('$text is refused: $why', (vector) => {
    expect(decodeSocketPacket(vector.text)).toBeDefined();
    expect(receive(vector.text, bytesOf(vector))).toBeUndefined();
  });

  test('every part of a packet, cut at any character, is refused or a packet', () => {
    for (const { text } of vectors.both) {
      for (let end = 0; end < text.length; end++) {
        const packet = decodeSocketPacket(text.slice(0, end));
        // Without its end, only a header that needs no payload is left.
        if (packet !== undefined) expect(['connect', 'disconnect']).toContain(packet.type);
      }
    }
  });
});

describe('what a packet carries', () => {
  test('the text of the arguments, byte for byte', () => {
    expect(decodeSocketPacket('2/a,7["m", {"n":1.00}]')).toEqual({
      type: 'event',
      namespace: '/a',
      ackId: 7,
      args: ['m', { n: 1 }],
      text: '["m", {"n":1.00}]',
      attachments: 0,
    });
  });

  test('no text if there are attachments, but their number', () => {
    expect(decodeSocketPacket('52-["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]')).toMatchObject({
      text: undefined,
      attachments: 2,
    });
  });

  test('in a packet without attachments a placeholder is only an object', () => {
    expect(decodeSocketPacket('2["m",{"_placeholder":true,"num":0}]')).toMatchObject({ args: ['m', { _placeholder: true, num: 0 }] });
  });
});

describe('encoding', () => {
  test('takes text that is at hand', () => {
    expect(encodeEventText('/', '["m",{"n":1.00}]')).toBe('2["m",{"n":1.00}]');
    expect(encodeEventText('/a', '["m"]', 3)).toBe('2/a,3["m"]');
    expect(encodeAckText('/a', 0, '[1]')).toBe('3/a,0[1]');
  });

  test('makes an attachment of every kind of binary value', () => {
    const whole = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const { text, attachments } = encodeEvent('/', [
      'm',
      Buffer.from('hi'),
      whole.buffer,
      new DataView(whole.buffer, 1, 2),
      whole.subarray(4, 5),
    ]);
    expect(text.startsWith('54-["m",{"_placeholder":true,"num":0}')).toBe(true);
    expect(attachments.map((bytes) => [...bytes])).toEqual([[104, 105], [...whole], [1, 2], [4]]);
  });

  test('leaves its arguments as they were, and dates as JSON has them', () => {
    const args = ['m', { at: new Date(0), bytes: Uint8Array.of(1), ['__proto__']: [2] }] as const;
    const copy = structuredClone(args[1]);
    expect(encodeEvent('/', args).text).toBe(
      '51-["m",{"at":"1970-01-01T00:00:00.000Z","bytes":{"_placeholder":true,"num":0},"__proto__":[2]}]',
    );
    expect(args[1]).toEqual(copy);
  });

  test('refuses more attachments than a stock client reads', () => {
    const args = (count: number) => ['m', ...Array.from({ length: count }, () => Uint8Array.of(1))] as const;
    expect(encodeEvent('/', args(limits.attachmentsMax)).attachments).toHaveLength(limits.attachmentsMax);
    expect(() => encodeEvent('/', args(limits.attachmentsMax + 1))).toThrow(RangeError);
  });

  test('refuses arguments nested beyond its limit, long before the stack ends', () => {
    expect(() => encodeEvent('/', ['m', JSON.parse(deep(limits.argsDepthMax - 1))])).not.toThrow();
    expect(() => encodeEvent('/', ['m', JSON.parse(deep(limits.argsDepthMax))])).toThrow(/nested deeper/);
    expect(() => encodeAck('/', 1, [JSON.parse(deep(400_000))])).toThrow(/nested deeper/);
  });
});

describe('round trips', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 8 });
  const namespace = fc.oneof(
    fc.constant('/'),
    fc.string({ minLength: 1 }).map((name) => `/${name.replaceAll(/[,?]/g, '')}`),
  );
  const ackId = fc.option(fc.integer({ min: 0, max: 999_999_999_999_999 }), { nil: undefined });
  const noPlaceholder = (value: unknown) => !JSON.stringify(value).includes('_placeholder');
  // Through JSON once, so that -0 and the like are gone.
  const plain = fc
    .jsonValue()
    .filter(noPlaceholder)
    .map((value): unknown => JSON.parse(JSON.stringify(value)));
  const value = fc.oneof(plain, bytes, fc.record({ a: fc.tuple(plain, bytes) }));
  const args = fc.array(value, { maxLength: 5 });
  const name = fc.string().filter((text) => decodeSocketPacket(`2${JSON.stringify([text])}`) !== undefined);

  test('an event arrives as it was sent', () => {
    fc.assert(
      fc.property(namespace, ackId, name, args, (nsp, id, event, rest) => {
        const { text, attachments } = encodeEvent(nsp, [event, ...rest], id);
        expect(receive(text, attachments)).toMatchObject({ type: 'event', namespace: nsp, args: [event, ...rest], attachments: 0 });
        expect(receive(text, attachments)).toHaveProperty('ackId', id);
      }),
    );
  });

  test('an acknowledgement arrives as it was sent', () => {
    fc.assert(
      fc.property(namespace, ackId, args, (nsp, id = 0, values) => {
        const { text, attachments } = encodeAck(nsp, id, values);
        expect(receive(text, attachments)).toMatchObject({ type: 'ack', namespace: nsp, ackId: id, args: values, attachments: 0 });
      }),
    );
  });
});

describe('hostile input', () => {
  test('garbage never throws', () => {
    const piece = fc.constantFrom(
      '0',
      '2',
      '5',
      '6',
      '1-',
      '/',
      ',',
      '["a"',
      ']',
      '{',
      '}',
      '"',
      '{"_placeholder":true,"num":0}',
      '9',
      ' ',
      '\\',
      '?',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(piece).map((pieces) => pieces.join('')),
        ),
        (text) => void receive(text, [Uint8Array.of(1)]),
      ),
    );
  });

  test('an id of 400 digits, or of a million, is refused', () => {
    expect(decodeSocketPacket(`2${'1'.repeat(400)}["m"]`)).toBeUndefined();
    expect(decodeSocketPacket(`2${'1'.repeat(1_000_000)}["m"]`)).toBeUndefined();
    expect(decodeSocketPacket(`5${'9'.repeat(1_000_000)}-["m"]`)).toBeUndefined();
  });

  test('a namespace of a million characters, with or without its end, is only a namespace', () => {
    const namespace = `/${'?'.repeat(1_000_000)}`;
    expect(decodeSocketPacket(`0${namespace}`)).toEqual({ type: 'connect', namespace: '/' });
    expect(decodeSocketPacket(`2${namespace}["m"]`)).toBeUndefined();
  });

  test.each([5000, 450_000])('%i levels of arrays are parsed, and nothing walks into them', (levels) => {
    expect(decodeSocketPacket(`2["m",${deep(levels)}]`)).toMatchObject({ type: 'event', attachments: 0 });
    const binary = `51-["m",${deep(levels)},{"_placeholder":true,"num":0}]`;
    expect(decodeSocketPacket(binary)).toMatchObject({ attachments: 1 });
    expect(receive(binary, [Uint8Array.of(1)])).toBeUndefined();
  });

  test('placeholders are found down to the limit, and no deeper', () => {
    const wrapped = (levels: number) => `51-["m",${'['.repeat(levels)}{"_placeholder":true,"num":0}${']'.repeat(levels)}]`;
    expect(receive(wrapped(limits.argsDepthMax - 1), [Uint8Array.of(1)])).toBeDefined();
    expect(receive(wrapped(limits.argsDepthMax), [Uint8Array.of(1)])).toBeUndefined();
  });

  test('keys called __proto__ stay keys, in CONNECT and beside attachments', () => {
    const connect = decodeSocketPacket('0{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
    expect(connect).not.toHaveProperty('data.admin');
    const event = receive('51-["m",{"__proto__":{"_placeholder":true,"num":0}}]', [Uint8Array.of(7)]);
    expect(event?.type === 'event' && Object.entries(event.args[1] ?? {})).toEqual([['__proto__', Uint8Array.of(7)]]);
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  test('half a surrogate pair in a name is a name like any other, for the stage above to refuse', () => {
    expect(decodeSocketPacket('2["\\ud800"]')).toMatchObject({ args: ['\ud800'] });
  });
});
