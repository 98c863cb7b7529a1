import { HubError } from '@parley/protocol';
import { describe, expect, test } from 'vitest';
import type { InboundEvent } from '../ports/connection.ts';
import { contentFromValue, contentText } from './content.ts';

const limits = { contentBytesMax: 20, contentDepthMax: 3, roomMembersDefault: 100, roomsCreateOnJoin: true, messageBytesMax: 100 };

/** An event whose payload holds this text as its content. */
function eventWith(content: string): InboundEvent {
  return { name: 'message', args: [], text: `["message",{"content":${content}}]`, ackId: undefined };
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'accepted';
  } catch (error) {
    return error instanceof HubError ? error.code : 'unexpected';
  }
}

const codeFor = (content: string): string => codeOf(() => contentText(eventWith(content), 'content', limits));

test('content is taken as the bytes that came', () => {
  for (const content of ['1.50', '"\\u0061"', '{"b":1, "a":2}', 'null', '[ ]']) {
    expect(contentText(eventWith(content), 'content', limits)).toBe(content);
  }
});

test('no content is null', () => {
  expect(contentText({ name: 'message', args: [], text: '["message",{}]', ackId: undefined }, 'content', limits)).toBe('null');
});

describe('limits', () => {
  test('bytes are counted as UTF-8, up to and including the limit', () => {
    expect(codeFor(`"${'x'.repeat(18)}"`)).toBe('accepted');
    expect(codeFor(`"${'x'.repeat(19)}"`)).toBe('content_too_large');
    expect(codeFor(`"${'é'.repeat(9)}"`)).toBe('accepted');
    expect(codeFor(`"${'é'.repeat(10)}"`)).toBe('content_too_large');
  });

  test('depth is counted in arrays and objects, up to and including the limit', () => {
    expect(codeFor('[{"a":[]}]')).toBe('accepted');
    expect(codeFor('[{"a":[[]]}]')).toBe('content_too_deep');
  });
});

test('half of a surrogate pair is refused, short or long', () => {
  expect(codeFor('"\\ud800"')).toBe('invalid_payload');
  expect(codeFor(`"${'x'.repeat(8)}\\ud800"`)).toBe('invalid_payload');
  expect(codeFor('"\\ud83d\\ude00"')).toBe('accepted');
});

test('binary content is refused', () => {
  expect(codeOf(() => contentText({ ...eventWith('1'), text: undefined }, 'content', limits))).toBe('invalid_payload');
});

describe('content of the application itself', () => {
  test('is held to the same limits', () => {
    expect(contentFromValue({ a: 1 }, 'content', limits)).toBe('{"a":1}');
    expect(codeOf(() => contentFromValue('x'.repeat(19), 'content', limits))).toBe('content_too_large');
    expect(codeOf(() => contentFromValue([[[[]]]], 'content', limits))).toBe('content_too_deep');
    expect(codeOf(() => contentFromValue('\ud800', 'content', limits))).toBe('invalid_payload');
  });

  test('has to be something that JSON can hold', () => {
    expect(codeOf(() => contentFromValue(undefined, 'content', limits))).toBe('invalid_payload');
    expect(codeOf(() => contentFromValue(() => 1, 'content', limits))).toBe('invalid_payload');
  });
});
