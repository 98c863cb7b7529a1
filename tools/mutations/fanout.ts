import type { Mutation } from './mutation.ts';

const streams = 'fanout/streams.ts';
const presence = 'fanout/presence.ts';
const streamsTest = 'packages/hub/src/fanout/streams.test.ts';
const membersTest = 'packages/hub/src/fanout/members.test.ts';
const hubsTest = 'packages/hub/src/cluster-of-hubs.test.ts';
const presenceTest = 'packages/hub/src/fanout/presence.test.ts';

/** Faults in `fanout/`. */
export const fanoutMutations: readonly Mutation[] = [
  {
    name: 'a gap in the notices is ignored',
    file: streams,
    find: 'return seq === entry.head + 1 && ',
    replace: 'return seq > entry.head && ',
  },
  {
    name: 'a doubled notice is passed on',
    file: streams,
    find: 'if (message.seq <= entry.head) continue;\n      if (isNext(entry, message)) {',
    replace: 'if (message.seq === entry.head || isNext(entry, message)) {',
    test: streamsTest,
  },
  {
    name: 'what comes too early is not held',
    file: streams,
    find: 'if (held.size < heldMessagesMax) held.set',
    replace: 'if (held.size < 0) held.set',
    test: streamsTest,
  },
  {
    name: 'what is held is held without a bound',
    file: streams,
    find: 'if (held.size < heldMessagesMax) held.set',
    replace: 'held.set',
    test: streamsTest,
  },
  {
    name: "a room's message does not wait for an earlier change of members",
    file: streams,
    find: ' && (membersVersion === undefined || membersVersion <= (entry.membersVersion ?? -1))',
    replace: '',
    test: streamsTest,
  },
  {
    name: 'a room is read from the log before its members were',
    file: streams,
    find: 'if (rooms.length > 0) await this.#ports.confirmMembers(rooms);',
    replace: 'if (rooms.length > 0) void this.#ports.confirmMembers(rooms);',
    test: streamsTest,
  },
  {
    name: 'a stream is followed before its head is known',
    file: streams,
    find: '    reader.follow(start);\n  }',
    replace: '  }',
    test: streamsTest,
  },
  {
    name: 'a departing connection takes its user along',
    file: presence,
    find: 'if (user.connections > 1) {',
    replace: 'if (user.connections > 2) {',
  },
  {
    name: 'whoever arrives as invisible is seen for a moment',
    file: presence,
    find: "const state = chosen ?? stored?.state ?? 'online';",
    replace: "const state = stored?.state ?? 'online';",
    test: presenceTest,
  },
  {
    name: 'a change of members that comes late undoes a later one',
    file: 'fanout/member-versions.ts',
    find: 'if (whose === userId && number >= version) return false;',
    replace: '[whose, number];',
    test: membersTest,
  },
  {
    name: 'changes of members count as known although one between them has not come',
    file: 'fanout/member-versions.ts',
    find: 'if (number > known + 1) break;',
    replace: '',
    test: membersTest,
  },
  {
    name: 'what the store said of members undoes what was heard meanwhile',
    file: 'fanout/member-reads.ts',
    find: 'if (!changed.has(userId)) apply(',
    replace: 'apply(',
    test: membersTest,
  },
  {
    name: 'whoever begins to read a room while its members are read is not looked at',
    file: 'fanout/member-reads.ts',
    find: 'unsure.length > 0; unsure = usersOf(sure, unsureOf)',
    replace: 'unsure.length > 0; unsure = []',
    test: membersTest,
  },
  {
    name: 'who was removed on another node reads on',
    file: 'cluster-handlers.ts',
    find: 'left: (news) => members.left(news),',
    replace: 'left: (news) => void news,',
    test: hubsTest,
  },
  {
    name: 'the users of a node that has ended stay online',
    file: presence,
    find: 'setElsewhere(user, { node, connections: 0, isIdle: true });',
    replace: '',
    test: presenceTest,
  },
  {
    name: 'a user who is idle on one node is away',
    file: presence,
    find: 'return (connections === 0 || idle) && elsewhere',
    replace: 'return (connections > 0 && idle) || elsewhere',
    test: presenceTest,
  },
  {
    name: 'of what was chosen on several nodes the last that was heard holds',
    file: presence,
    find: 'if (version < user.version || (version === user.version && node < user.versionNode)) return;',
    replace: '',
    test: presenceTest,
  },
  {
    name: 'a live event for a user stays on its node',
    file: 'fanout/live.ts',
    find: 'if (presence.isElsewhere(userId)) cluster.signal',
    replace: 'if (userId === undefined) cluster.signal',
    test: hubsTest,
  },
  {
    name: 'members elsewhere do not count among those who got a signal',
    file: 'fanout/live.ts',
    find: 'new Set([...reached, ...elsewhere])',
    replace: 'reached',
    test: hubsTest,
  },
  {
    name: 'a node that is not sure to be alive sends live events',
    file: 'route/commands/command.ts',
    find: 'if (!cluster.isSure) throw',
    replace: 'if (cluster === undefined) throw',
    test: hubsTest,
  },
  {
    name: 'a node that is not sure to be alive lets users in',
    file: 'identify/sessions.ts',
    find: 'if (!cluster.isSure) throw',
    replace: 'if (cluster === undefined) throw',
    test: hubsTest,
  },
  {
    name: 'a node that is not sure to be alive tells presence',
    file: 'fanout/presence-feed.ts',
    find: '    if (!isSure()) {',
    replace: '    if (isSure === undefined) {',
    test: hubsTest,
  },
  {
    name: 'dead connections on other nodes keep their places',
    file: 'identify/sessions.ts',
    find: "cluster.signal({ kind: 'probe', userId });",
    replace: '',
    test: hubsTest,
  },
];
