import { HubError, limits, type Replies, userIdFromWire } from '@parley/protocol';
import { fitting, jsonList, jsonObject, jsonOf } from '../../lib/json.ts';
import type { PresenceView } from '../../ports/presence.ts';
import { inboxOf, seenAt, timelineOf } from '../../ports/store.ts';
import type { Services } from '../services.ts';
import { presenceView } from '../views.ts';
import { type Call, type Command, fromWire, requireMember } from './command.ts';

/**
 * The users that were named, and after them the room's members: as many as fit into a reply. `after` is the last user of the page before.
 * Refusals: `not_member`, `too_many_watches`; `invalid_payload` if `after` is none of them.
 */
export const presence: Command<'presence'> = async (call) => {
  const { services, caller, payload } = call;
  const userIds = fromWire(payload.user_ids ?? []);
  if (payload.room_id !== undefined) requireMember(services, caller, payload.room_id);
  // Watched before the snapshot is taken, so that a change in between is sent and not lost.
  watchOrNot(call, [...userIds.map(inboxOf), ...(payload.room_id === undefined ? [] : [timelineOf(payload.room_id)])]);
  const { named, after } = startOf(payload, userIds);
  const members = payload.room_id === undefined ? noMembers : await membersPage(call, payload.room_id, after);
  const look = await prepareLook(services, [...new Set([...named, ...members.userIds])]);
  // A watcher may have got a change in the meantime, and must not get an older state after it.
  return () => {
    const found = look().map((view) => jsonOf(presenceView(view)));
    const users = fitting(found, limits.listBytesMax);
    return jsonObject<Replies['presence_list']>({
      status: '"success"',
      users: jsonList(users),
      has_more: String(members.hasMore || users.length < found.length),
    });
  };
};

/** What is left of the named users after `after`, and the member after which the room's page begins. */
function startOf({ room_id, after }: Call<'presence'>['payload'], userIds: readonly string[]) {
  if (after === undefined) return { named: userIds, after: undefined };
  const last = userIdFromWire(after);
  const at = userIds.indexOf(last);
  if (at >= 0) return { named: userIds.slice(at + 1), after: undefined };
  if (room_id === undefined) throw new HubError('invalid_payload', { message: 'after must be one of user_ids.' });
  return { named: [], after: last };
}

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

async function membersPage({ services, caller, payload }: Call<'presence'>, roomId: string, after: string | undefined): Promise<MemberIds> {
  const page = await services.store.members({
    roomId,
    userId: caller.isApplication ? undefined : caller.userId,
    after,
    limit: payload.limit ?? limits.pageLimitDefault,
  });
  return { userIds: page.members.map((member) => member.userId), hasMore: page.hasMore };
}

/** Asks the store for what it knows. The returned function looks at what others see of these users in the moment in which it is called. */
async function prepareLook({ presence, store }: Services, userIds: readonly string[]): Promise<() => PresenceView[]> {
  const unknown = userIds.filter((userId) => presence.view(userId).lastSeenMs === undefined);
  const stored = unknown.length === 0 ? [] : await store.states(unknown);
  const lastSeen = new Map(stored.map((state) => [state.userId, seenAt(state)]));
  return () =>
    userIds.map((userId) => {
      const view = presence.view(userId);
      return { ...view, lastSeenMs: view.lastSeenMs ?? lastSeen.get(userId) };
    });
}
