import type { Mutation } from './mutation.ts';

const streams = 'fanout/streams.ts';
const presence = 'fanout/presence.ts';
const streamsTest = 'packages/hub/src/fanout/streams.test.ts';
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
    find: 'message.seq <= entry.head) continue;',
    replace: 'message.seq < entry.head) continue;',
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
    test: 'packages/hub/src/fanout/members.test.ts',
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
];
