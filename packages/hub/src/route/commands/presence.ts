import { HubError } from '@parley/protocol';
import type { PresenceView } from '../../ports/presence.ts';
import { inboxOf, timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { presenceView } from '../views.ts';
import { type Command, fromWire } from './command.ts';

/** What others see of these users; for those who are offline, when they were last seen. */
export async function presenceOf({ presence, store }: Services, userIds: readonly string[]): Promise<PresenceView[]> {
  const views = userIds.map((userId) => presence.view(userId));
  const unknown = views.filter((view) => view.lastSeenMs === undefined).map((view) => view.userId);
  if (unknown.length === 0) return views;
  const lastSeen = new Map((await store.states(unknown)).map((state) => [state.userId, state.lastSeenMs]));
  return views.map((view) => ({ ...view, lastSeenMs: view.lastSeenMs ?? lastSeen.get(view.userId) }));
}

export const presence: Command<'presence'> = async ({ services, caller, payload }) => {
  const { directory, watches, store } = services;
  const roomId = payload.room_id;
  if (roomId !== undefined && !directory.roomsOf(caller.userId).has(roomId)) throw new HubError('not_member');
  const userIds = fromWire(payload.user_ids ?? []);

  // Watched before the snapshot is taken: a change in between is told, not lost.
  if (caller.session !== undefined && payload.watch !== undefined) {
    const topics = [...userIds.map(inboxOf), ...(roomId === undefined ? [] : [timelineOf(roomId)])];
    for (const topic of topics) {
      if (payload.watch) watches.watch(caller.session, topic);
      else watches.unwatch(caller.session, topic);
    }
  }
  const members = roomId === undefined ? [] : (await store.members(roomId)).map((member) => member.userId);
  const views = await presenceOf(services, [...new Set([...userIds, ...members])]);
  return { status: 'success', users: views.map(presenceView) };
};
