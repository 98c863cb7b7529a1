/** What the other nodes tell, applied to this one. */
import type { Core } from './core.ts';
import type { ClusterHandlers, LiveEvent } from './ports/cluster.ts';

export function clusterHandlers(core: Core): ClusterHandlers {
  const { pool } = core;
  const { streams, members, presence } = core.fanout;
  return {
    messages: (messages) => streams.publish(messages),
    heads: (heads) => void streams.raise(heads),
    live: (event) => hear(core, event),
    joined: (news) => members.joined(news),
    left: (news) => members.left(news),
    deleted: (news) => members.deleted(news),
    checkMembers: () => members.check(),
    presence: (entry) => presence.heard(entry),
    nodeGone: (node, lastSeenMs) => presence.nodeGone(node, lastSeenMs),
    entryOf: (userId) => presence.entryOf(userId),
    localUsers: () => pool.users(),
    localStreams: () => streams.streams(),
    roomsOf: (userId) => pool.roomsOf(userId),
    fenced: () => core.beginAnew(),
  };
}

function hear(core: Core, event: LiveEvent): void {
  if (event.kind === 'presence') core.fanout.presence.heard(event.entry);
  else if (event.kind === 'disconnect') core.disconnectHere(event.userId);
  else if (event.kind === 'probe' || event.kind === 'answered') core.hearOfPlaces(event);
  else core.fanout.live.hear(event);
}
