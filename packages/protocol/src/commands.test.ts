import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { type CommandName, type CommandPayload, checkPayload, commandTable, isCommandName, isPayloadOf } from './commands.ts';
import { limits } from './limits.ts';

const names = Object.keys(commandTable).filter(isCommandName);
const idText = 'a string of 1 to 128 characters';

describe('the names of commands', () => {
  test('are those of the contract, each with its reply', () => {
    expect(Object.fromEntries(names.map((name) => [name, commandTable[name].reply]))).toEqual({
      register: 'registered',
      message: 'message_sent',
      create_room: 'room_created',
      join_room: 'joined_room',
      leave_room: 'left_room',
      members: 'members_page',
      delete_room: 'room_deleted',
      room_message: 'message_sent',
      broadcast: 'broadcast_sent',
      signal: 'signal_sent',
      set_state: 'state_set',
      presence: 'presence_list',
      history: 'history_page',
      ack: 'acked',
      ping_hub: 'pong_hub',
    });
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', '', 'Message', 'x'.repeat(10_000)])('%s is unknown', (name) => {
    expect(isCommandName(name)).toBe(false);
  });
});

describe('valid payloads', () => {
  const valid: [CommandName, unknown][] = [
    ['register', { user_id: 1 }],
    ['register', { user_id: 'ann', device_id: 'phone', ack: 'explicit', state: 'away', anything: {} }],
    ['register', { user_id: '😀'.repeat(128) }],
    ['message', { recipient_id: 2, content: null }],
    ['message', { recipient_ids: [2, 'ann', 2], content: { a: [] }, type: 'image', client_msg_id: 'c1', receipt: true, sender_id: 1 }],
    ['message', { recipient_ids: Array.from({ length: limits.usersPerEventMax }, (_, index) => index), content: '' }],
    ['create_room', { room_name: 'Lobby' }],
    ['create_room', { room_id: 'lobby', room_name: 'x'.repeat(256), is_private: true, max_members: limits.roomMembersMax }],
    ['join_room', { room_id: 'lobby', user_id: 7 }],
    ['leave_room', { room_id: 'lobby' }],
    ['members', { room_id: 'lobby', after: 7, limit: limits.pageLimitMax }],
    ['delete_room', { room_id: 'lobby' }],
    ['room_message', { room_id: 'lobby', content: 0, echo: false }],
    ['broadcast', { content: 'hi', exclude: [] }],
    ['signal', { room_id: 'lobby', kind: 'typing' }],
    ['signal', { recipient_id: 2, kind: 'move', data: [1, 2] }],
    ['set_state', { state: 'dnd', status_text: 'two\nlines' }],
    ['presence', { user_ids: [] }],
    ['presence', { user_ids: [1], room_id: 'lobby', watch: true }],
    ['history', { room_id: 'lobby' }],
    ['history', { user_id: 2, before_id: '17', limit: 500 }],
    ['history', { user_id: 2, after_id: 17 }],
    ['ack', { seq: 0 }],
    ['ack', { room_id: 'lobby', seq: 12 }],
    ['ping_hub', undefined],
    ['ping_hub', [1]],
  ];
  test.each(valid)('%s %j', (name, payload) => {
    expect(checkPayload(name, payload)).toBeUndefined();
    expect(isPayloadOf(name, payload)).toBe(true);
  });

  test('have static types', () => {
    expectTypeOf<CommandPayload<'ack'>['seq']>().toEqualTypeOf<number>();
    expectTypeOf<CommandPayload<'message'>['recipient_id']>().toEqualTypeOf<string | number | undefined>();
    const to = (payload: CommandPayload<'signal'>) => (payload.room_id === undefined ? payload.recipient_id : payload.room_id);
    expectTypeOf(to).returns.toEqualTypeOf<string | number>();
    expectTypeOf<CommandPayload<'register'>['ack']>().toEqualTypeOf<'pong' | 'explicit' | undefined>();
    expectTypeOf<CommandPayload<'room_message'>['content']>().toEqualTypeOf<unknown>();
  });
});

describe('invalid payloads are explained', () => {
  const invalid: [CommandName, unknown, string][] = [
    ['register', undefined, 'the payload must be one JSON object'],
    ['register', [1], 'the payload must be one JSON object'],
    ['register', 'ann', 'the payload must be one JSON object'],
    ['register', {}, 'user_id is missing'],
    ['register', { user_id: '' }, 'user_id is empty; it must have 1 to 128 characters'],
    ['register', { user_id: 'x'.repeat(129) }, 'user_id is longer than 128 characters'],
    ['register', { user_id: 1.5 }, `user_id must be ${idText} or a whole number`],
    ['register', { user_id: 2 ** 53 }, `user_id must be ${idText} or a whole number`],
    ['register', { user_id: null }, `user_id must be ${idText} or a whole number`],
    ['register', { user_id: 'a\0b' }, "user_id holds a character that can't be seen (U+0000)"],
    ['register', { user_id: '\ud800' }, 'user_id holds half of a surrogate pair, which is no Unicode character'],
    ['register', { user_id: 1, ack: 'no' }, 'ack must be one of "pong", "explicit"'],
    ['register', { user_id: 1, device_id: 5 }, `device_id must be ${idText}`],
    ['message', { recipient_id: 1 }, 'content is missing'],
    ['message', { content: 1 }, 'exactly one of recipient_id and recipient_ids is needed'],
    ['message', { content: 1, recipient_id: 1, recipient_ids: [1] }, 'exactly one of recipient_id and recipient_ids is needed'],
    ['message', { content: 1, recipient_ids: [] }, 'recipient_ids must be a list of 1 to 1000 user ids'],
    ['message', { content: 1, recipient_ids: new Array(1001).fill(1) }, 'recipient_ids must be a list of 1 to 1000 user ids'],
    ['message', { content: 1, recipient_ids: [1, {}] }, 'recipient_ids must be a list of 1 to 1000 user ids'],
    ['message', { content: 1, recipient_id: 1, type: 'x'.repeat(65) }, 'type must be a string of 1 to 64 printable characters'],
    ['message', { content: 1, recipient_id: 1, client_msg_id: 7 }, `client_msg_id must be ${idText}`],
    ['message', { content: 1, recipient_id: 1, sender_id: true }, `sender_id must be ${idText} or a whole number`],
    ['create_room', {}, 'room_name is missing'],
    ['create_room', { room_name: 'x'.repeat(257) }, 'room_name must be a string of 1 to 256 printable characters'],
    ['create_room', { room_name: 'x', max_members: 0 }, 'max_members must be a whole number from 1 to 100000'],
    ['create_room', { room_name: 'x', max_members: limits.roomMembersMax + 1 }, 'max_members must be a whole number from 1 to 100000'],
    ['join_room', { room_id: 5 }, `room_id must be ${idText}`],
    ['members', { room_id: 'a', limit: limits.pageLimitMax + 1 }, 'limit must be a whole number from 1 to 500'],
    ['presence', { room_id: 'a', limit: limits.pageLimitMax + 1 }, 'limit must be a whole number from 1 to 500'],
    ['message', { content: 1, recipient_ids: [1, 'a '] }, 'recipient_ids must be a list of 1 to 1000 user ids'],
    ['room_message', { room_id: 'a', content: 1, echo: 'yes' }, 'echo must be true or false'],
    ['signal', { kind: 'typing' }, 'exactly one of room_id and recipient_id is needed'],
    ['signal', { room_id: 'a' }, 'kind is missing'],
    ['set_state', { state: 'offline' }, 'state must be one of "online", "away", "dnd", "invisible"'],
    ['set_state', { state: 'away', status_text: 'x'.repeat(257) }, 'status_text must be a string of up to 256 characters'],
    ['presence', { watch: true }, 'user_ids or room_id is needed, or both'],
    ['history', {}, 'exactly one of room_id and user_id is needed'],
    ['history', { room_id: 'a', user_id: 1 }, 'exactly one of room_id and user_id is needed'],
    ['history', { room_id: 'a', before_id: '1', after_id: '2' }, 'before_id and after_id do not go together, give one of them'],
    ['history', { room_id: 'a', before_id: 'x' }, 'before_id must be the id of a message: up to 15 digits, as a string or a number'],
    ['history', { room_id: 'a', after_id: -1 }, 'after_id must be the id of a message: up to 15 digits, as a string or a number'],
    ['history', { room_id: 'a', limit: 501 }, 'limit must be a whole number from 1 to 500'],
    ['ack', { seq: -1 }, 'seq must be the seq of a message, a whole number'],
    ['ack', {}, 'seq is missing'],
  ];
  test.each(invalid)('%s %j: %s', (name, payload, problem) => {
    expect(checkPayload(name, payload)).toBe(problem);
  });

  test('any JSON value gets an answer, for any command', () => {
    const keys = fc.constantFrom(
      'user_id',
      'room_id',
      'content',
      'recipient_id',
      'recipient_ids',
      'kind',
      'seq',
      '__proto__',
      'constructor',
    );
    const payload = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()));
    fc.assert(
      fc.property(fc.constantFrom(...names), payload, (name, value) => {
        expect(['string', 'undefined']).toContain(typeof checkPayload(name, value));
      }),
    );
  });

  test('a content nested 100,000 levels deep is not followed', () => {
    const content: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(checkPayload('message', { recipient_id: 1, content })).toBeUndefined();
    expect(checkPayload('message', { recipient_id: content, content })).toContain('recipient_id must be');
  });
});
