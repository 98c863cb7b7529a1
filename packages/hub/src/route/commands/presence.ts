import { HubError, limits, userIdFromWire } from '@parley/protocol';
import { jsonOf } from '../../lib/json.ts';
import type { PresenceView } from '../../ports/presence.ts';
import { inboxOf, timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { presenceView } from '../views.ts';
import { type Call, type Command, fromWire, requireMember } from './command.ts';

/** The users that were named, and a page of the room's members. */
export const presence: Command<'presence'> = async (call) => {
  const { services, caller, payload } = call;
  const userIds = fromWire(payload.user_ids ?? []);
  if (payload.room_id !== undefined) requireMember(services, caller, payload.room_id);
  // Watched before the snapshot is taken: a change in between is told, not lost.
  watchOrNot(call, [...userIds.map(inboxOf), ...(payload.room_id === undefined ? [] : [timelineOf(payload.room_id)])]);
  const members = payload.room_id === undefined ? noMembers : await membersPage(call, payload.room_id);
  const look = await prepareLook(services, [...new Set([...userIds, ...members.userIds])]);
  // A watcher may have been told of a change meanwhile, and must not hear an older state after it.
  return () => jsonOf({ status: 'success', users: look().map(presenceView), has_more: members.hasMore });
};

function watchOrNot({ services, caller, payload }: Call<'presence'>, topics: readonly string[]): void {
  if (caller.session === undefined || payload.watch === undefined) return;
  if (!payload.watch) services.watches.unwatch(caller.session, topics);
  else if (!services.watches.watch(caller.session, topics)) throw new HubError('too_many_watches');
}

interface MemberIds {
  readonly userIds: readonly string[];
  readonly hasMore: boolean;
}

const noMembers: MemberIds = { userIds: [], hasMore: false };

async function membersPage({ services, caller, payload }: Call<'presence'>, roomId: string): Promise<MemberIds> {
  const page = await services.store.members({
    roomId,
    userId: caller.isApplication ? undefined : caller.userId,
    after: payload.after === undefined ? undefined : userIdFromWire(payload.after),
    limit: payload.limit ?? limits.pageLimitDefault,
  });
  return { userIds: page.members.map((member) => member.userId), hasMore: page.hasMore };
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
