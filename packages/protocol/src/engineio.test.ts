import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeEnginePacket,
  decodePayload,
  type EnginePacket,
  encodeEnginePacket,
  handshakeErrors,
  joinRecords,
  openPacket,
} from './engineio.ts';
import { limits } from './limits.ts';

interface Vectors {
  readonly packets: readonly { readonly text: string; readonly packet: EnginePacket }[];
  readonly malformed: readonly { readonly text: string; readonly why: string }[];
  readonly payloads: readonly { readonly body: string; readonly packets: readonly EnginePacket[] }[];
  readonly malformedPayloads: readonly { readonly body: string; readonly why: string }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../vectors/engineio.json', import.meta.url), 'utf8'), (_key, value) =>
  Array.isArray(value?.bytes) ? Uint8Array.from(value.bytes) : value,
);

const textData = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\x1e'));
const anyPacket: fc.Arbitrary<EnginePacket> = fc.oneof(
  fc.record({ type: fc.constantFrom('open', 'close', 'ping', 'pong', 'upgrade', 'noop'), data: textData }),
  fc.record({ type: fc.constant('message' as const), data: fc.oneof(textData, fc.uint8Array({ maxLength: 20_000 })) }),
);

describe('packets', () => {
  test.each(vectors.packets)('$text is $packet, both ways', ({ text, packet }) => {
    expect(decodeEnginePacket(text)).toEqual(packet);
    expect(encodeEnginePacket(packet)).toBe(text);
  });

  test.each(vectors.malformed)('"$text" is refused: $why', ({ text }) => {
    expect(decodeEnginePacket(text)).toBeUndefined();
  });

  test('any packet comes back as it was', () => {
    fc.assert(
      fc.property(anyPacket, (packet) => {
        expect(decodeEnginePacket(encodeEnginePacket(packet))).toEqual(packet);
      }),
    );
  });

  test('garbage is a packet or refused, and a packet from garbage encodes to the same text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String().map((text) => `b${text}`),
        ),
        (text) => {
          const packet = decodeEnginePacket(text);
          if (packet !== undefined) expect(encodeEnginePacket(packet)).toBe(text);
        },
      ),
    );
  });
});

describe('polling bodies', () => {
  test.each(vectors.payloads)('$body, both ways', ({ body, packets }) => {
    expect(decodePayload(body, 1000)).toEqual(packets);
    expect(joinRecords(packets.map(encodeEnginePacket))).toBe(body);
  });

  test.each(vectors.malformedPayloads)('"$body" is refused: $why', ({ body }) => {
    expect(decodePayload(body, 1000)).toBeUndefined();
  });

  test('any packets come back as they were', () => {
    fc.assert(
      fc.property(fc.array(anyPacket, { minLength: 1, maxLength: 20 }), (packets) => {
        expect(decodePayload(joinRecords(packets.map(encodeEnginePacket)), 20)).toEqual(packets);
      }),
    );
  });

  test('every part of a body is refused or the start of its packets', () => {
    const body = '42["hey","Jude"]\x1ebAQIDBA==\x1e3\x1e42["a"]';
    for (let end = 0; end <= body.length; end++) {
      const packets = decodePayload(body.slice(0, end), 1000);
      expect(packets === undefined || packets.length <= 4).toBe(true);
    }
  });

  test('as many packets as allowed pass, one more does not', () => {
    const body = (count: number) => new Array<string>(count).fill('4a').join('\x1e');
    expect(decodePayload(body(limits.payloadPacketsMax), limits.payloadPacketsMax)).toHaveLength(limits.payloadPacketsMax);
    expect(decodePayload(body(limits.payloadPacketsMax + 1), limits.payloadPacketsMax)).toBeUndefined();
  });

  test('a megabyte of separators is refused', () => {
    expect(decodePayload('\x1e'.repeat(1_000_000), limits.payloadPacketsMax)).toBeUndefined();
  });

  test('a megabyte of base64 is decoded, and refused if its last character is wrong', () => {
    const text = `b${'AAAA'.repeat(250_000)}`;
    expect(decodePayload(text, 1)?.[0]?.data).toHaveLength(750_000);
    expect(decodePayload(`${text.slice(0, -1)}!`, 1)).toBeUndefined();
  });
});

test('the handshake has the keys of the protocol and no others', () => {
  const handshake = { sid: 'x', upgrades: ['websocket'], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000, secret: 1 };
  expect(encodeEnginePacket(openPacket(handshake))).toBe(
    '0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}',
  );
});

test('refusals are worded as by the reference server', () => {
  expect(Object.values(handshakeErrors).map(({ code, message, httpStatus }) => [code, message, httpStatus])).toEqual([
    [0, 'Transport unknown', 400],
    [1, 'Session ID unknown', 400],
    [2, 'Bad handshake method', 400],
    [3, 'Bad request', 400],
    [4, 'Forbidden', 403],
    [5, 'Unsupported protocol version', 400],
  ]);
});
