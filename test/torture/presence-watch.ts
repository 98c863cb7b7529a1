/** Asks again and again who is online, for the history. */
import type { Payload } from '../support/client.ts';
import type { Actor } from './actor/actor.ts';
import type { Recorder } from './recorder.ts';

const askEveryMs = 400;

/** Returns what ends it. */
export function watchPresence(observer: Actor, recorder: Recorder): () => void {
  const { users } = recorder.world;
  const interval = setInterval(() => {
    const askedAtMs = recorder.nowMs();
    const { node } = observer;
    observer.ask('presence', { user_ids: users }, (reply) => {
      if (reply.status === 'success') recorder.add({ kind: 'presence', askedAtMs, online: onlineBits(users, reply.users), node });
    });
  }, askEveryMs);
  return () => clearInterval(interval);
}

function onlineBits(users: readonly (string | number)[], views: unknown): number {
  const online = new Set(
    Array.isArray(views) ? views.filter((view: Payload) => view.state !== 'offline').map((view: Payload) => view.user_id) : [],
  );
  return users.reduce<number>((bits, id, user) => (online.has(id) ? bits | (1 << user) : bits), 0);
}
