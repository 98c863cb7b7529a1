/** What a typed client may write, with the types of the stock client; a compiler looks at it, and nothing is run. */
import type { Socket } from 'socket.io-client';
import { expectTypeOf, test } from 'vitest';
import type { ClientToServerEvents, Failure, HandshakeAuth, ReplyTo, ServerToClientEvents } from './types.ts';

declare const socket: Socket<ServerToClientEvents, ClientToServerEvents>;
type PayloadOf<Name extends keyof ClientToServerEvents> = Parameters<ClientToServerEvents[Name]>[0];

test('listeners know what comes', () => {
  const listen = () => {
    socket.on('registered', ({ rooms }) => expectTypeOf(rooms).toEqualTypeOf<readonly string[]>());
    socket.on('message', ({ sender_id }) => expectTypeOf(sender_id).toEqualTypeOf<string | number>());
    socket.on('members_changed', ({ member_count }) => expectTypeOf(member_count).toEqualTypeOf<number>());
    socket.on('error', ({ code }) => expectTypeOf(code).toEqualTypeOf<Failure['code']>());
    socket.on('going_away', ({ reconnect }) => expectTypeOf(reconnect).toEqualTypeOf<boolean>());
  };
  expectTypeOf(listen).toBeFunction();
  expectTypeOf<ServerToClientEvents>().not.toHaveProperty('mesage');
  expectTypeOf<Parameters<ServerToClientEvents['user_joined']>[0]>().not.toHaveProperty('user');
});

test('acknowledgements are replies or failures', () => {
  const send = async () => {
    const sent = await socket.emitWithAck('room_message', { room_id: 'lobby', content: 1 });
    expectTypeOf(sent).toEqualTypeOf<ReplyTo<'room_message'> | Failure>();
    if (sent.status === 'success') expectTypeOf(sent.seq).toEqualTypeOf<number>();
    socket.emit('message', { recipient_id: 'bob', content: { text: 'hi' } }, (reply) => {
      if (reply.status === 'error') expectTypeOf(reply.code).toEqualTypeOf<Failure['code']>();
      else if ('results' in reply) expectTypeOf(reply.results.length).toEqualTypeOf<number>();
      else expectTypeOf(reply.message_id).toEqualTypeOf<string>();
    });
  };
  expectTypeOf(send).toBeFunction();
});

test('wrong payloads do not compile', () => {
  expectTypeOf<ClientToServerEvents>().not.toHaveProperty('mesage');
  expectTypeOf<{ recipient_id: string; content: number }>().toExtend<PayloadOf<'message'>>();
  expectTypeOf<{ recipient_id: string; recipient_ids: string[]; content: number }>().not.toExtend<PayloadOf<'message'>>();
  expectTypeOf<{ recipient_id: string }>().not.toExtend<PayloadOf<'message'>>();
  expectTypeOf<{ room_id: boolean }>().not.toExtend<PayloadOf<'join_room'>>();
  expectTypeOf<{ state: 'offline' }>().not.toExtend<PayloadOf<'set_state'>>();
  expectTypeOf<{ kind: string }>().not.toExtend<PayloadOf<'signal'>>();
  expectTypeOf<{ user_id: string; token: string }>().toExtend<HandshakeAuth>();
  expectTypeOf<{ user_id: boolean }>().not.toExtend<HandshakeAuth>();
});
