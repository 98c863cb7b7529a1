import { HubError, limits as protocolLimits } from '@parley/protocol';
import type { PresenceView } from '../../ports/presence.ts';
import { inboxOf, timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { presenceView } from '../views.ts';
import { type Command, fromWire } from './command.ts';

/** What others see of these users; for those who are offline, when they were last seen. */
export async function presenceOf(services: Services, userIds: readonly string[]): Promise<PresenceView[]> {
  const look = await prepareLook(services, userIds);
  return look();
}

/** Asks the store for what it knows. The returned function looks at what others see of these users in the moment in which it is called. */
async function prepareLook({ presence, store }: Services, userIds: readonly string[]): Promise<() => PresenceView[]> {
  const unknown = userIds.filter((userId) => presence.view(userId).lastSeenMs === undefined);
  const stored = unknown.length === 0 ? [] : await store.states(unknown);
  const lastSeen = new Map(stored.map((state) => [state.userId, state.lastSeenMs]));
  return () =>
    userIds.map((userId) => {
      const view = presence.view(userId);
      return { ...view, lastSeenMs: view.lastSeenMs ?? lastSeen.get(userId) };
    });
}

async function memberIds({ store }: Services, roomId: string, userId: string): Promise<string[]> {
  const page = await store.members({ roomId, userId, after: undefined, limit: protocolLimits.roomMembersMax });
  return page.members.map((member) => member.userId);
}

export const presence: Command<'presence'> = async ({ services, caller, payload }) => {
  const { directory, watches } = services;
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
  const members = roomId === undefined ? [] : await memberIds(services, roomId, caller.userId);
  const look = await prepareLook(services, [...new Set([...userIds, ...members])]);
  // A watcher may have been told of a change meanwhile, and must not hear an older state after it.
  return () => ({ status: 'success', users: look().map(presenceView) });
};
