import type { Mutation } from './mutation.ts';

const rights = 'packages/hub/src/rights.test.ts';
const invisible = 'packages/hub/src/invisible.test.ts';
const limits = 'packages/hub/src/limits.test.ts';
const batch = 'packages/hub/src/store/sqlite/sql/batch.test.ts';
const contract = 'packages/hub/src/store/sqlite/contract.test.ts';
const handler = 'packages/hub/src/http/handler.test.ts';
const notices = 'packages/hub/src/fanout/member-notices.test.ts';
const commands = 'route/commands';
const appends = 'store/sqlite/sql/append.ts';
const histories = 'store/sqlite/sql/history.ts';
const roomWrites = 'store/sqlite/sql/rooms.ts';

/** Each check that guards a right, what is private, or how much one user may have, left out. */
export const rightsMutations: readonly Mutation[] = [
  // Commands: members only.
  {
    name: 'anybody is a member',
    file: `${commands}/command.ts`,
    find: "if (!isApplication && !directory.roomsOf(userId).has(roomId)) throw new HubError('not_member');",
    replace: '',
    test: rights,
  },
  {
    name: 'a stranger signals to a room',
    file: `${commands}/signal.ts`,
    find: 'if (payload.room_id !== undefined) requireMember(services, caller, payload.room_id);',
    replace: '',
    test: rights,
  },
  {
    name: 'a stranger sees the presence of a room',
    file: `${commands}/presence.ts`,
    find: 'if (payload.room_id !== undefined) requireMember(services, caller, payload.room_id);',
    replace: '',
    test: rights,
  },
  {
    name: 'a stranger acknowledges messages of a room',
    file: `${commands}/ack.ts`,
    find: 'if (roomId !== undefined) requireMember(services, caller, roomId);',
    replace: '',
    test: rights,
  },
  {
    name: 'a stranger sends to a room as the application does',
    file: `${commands}/room-message.ts`,
    find: 'membersOnly: caller.isApplication !== true,',
    replace: 'membersOnly: false,',
    test: rights,
  },
  {
    name: 'a stranger asks for the members of a room as the application does',
    file: `${commands}/members.ts`,
    find: 'caller.isApplication ? undefined : caller.userId',
    replace: 'undefined',
    test: rights,
  },
  {
    name: 'a stranger deletes a room as the application does',
    file: `${commands}/delete-room.ts`,
    find: 'caller.isApplication ? undefined : caller.userId',
    replace: 'undefined',
    test: rights,
  },
  {
    name: 'whoever joins counts as invited',
    file: `${commands}/join-room.ts`,
    find: 'invited: caller.isApplication === true',
    replace: 'invited: true',
    test: rights,
  },

  // The store: members only, and nobody learns of a private room.
  {
    name: 'the store takes a room message of a stranger',
    file: appends,
    find: 'else if (request.membersOnly) access.requireMember(',
    replace: 'else if (request.membersOnly && request.seq < 0) access.requireMember(',
    test: contract,
  },
  {
    name: 'the store shows a stranger the history of a room',
    file: histories,
    find: '    access.requireMember(of.roomId, userId);',
    replace: '    access.requireRoom(of.roomId);',
    test: contract,
  },
  {
    name: 'the store lets a stranger leave a room',
    file: roomWrites,
    find: "    access.requireMember(roomId, userId);\n    const wasOwner = roleOf(roomId, userId) === 'owner';",
    replace: "    const wasOwner = roleOf(roomId, userId) === 'owner';",
    test: contract,
  },
  {
    name: 'a join tells that there is a private room',
    file: roomWrites,
    find: "create === false ? 'room_not_found' : 'room_private'",
    replace: "'room_private'",
    test: contract,
  },

  // Who somebody is.
  {
    name: 'sender_id may be somebody else',
    file: 'route/router.ts',
    find: "for (const key of ['sender_id', 'user_id'])",
    replace: "for (const key of ['user_id'])",
    test: rights,
  },
  {
    name: 'user_id may be somebody else',
    file: 'route/router.ts',
    find: "for (const key of ['sender_id', 'user_id'])",
    replace: "for (const key of ['sender_id'])",
    test: rights,
  },
  {
    name: 'a signal to a room comes back to its sender',
    file: `${commands}/signal.ts`,
    find: 'live.toRoom(payload.room_id, packet, userId)',
    replace: 'live.toRoom(payload.room_id, packet)',
    test: rights,
  },
  {
    name: 'a signal to oneself comes back',
    file: `${commands}/signal.ts`,
    find: 'recipientId === userId ? 0 : live',
    replace: 'live',
    test: rights,
  },
  {
    name: 'members of a deleted room read and signal on',
    file: 'fanout/members.ts',
    find: 'for (const userId of this.#readersOf(roomId)) {\n      this.#unfollow(roomId, userId);',
    replace: 'for (const userId of this.#readersOf(roomId)) {',
    test: rights,
  },

  // What is not to be seen.
  {
    name: 'somebody invisible counts among those who got a signal',
    file: 'fanout/live.ts',
    find: 'userId !== exceptUserId && presence.isVisible(userId)',
    replace: 'userId !== exceptUserId',
    test: invisible,
  },
  {
    name: 'a receipt tells that somebody invisible is there',
    file: 'deliver/receipts.ts',
    find: 'if (isHidden(recipientId)) continue;',
    replace: '',
    test: invisible,
  },
  {
    name: 'a receipt tells that somebody invisible was there',
    file: 'deliver/receipts.ts',
    find: "states.filter(({ state }) => state === 'invisible')",
    replace: 'states.filter(() => false)',
    test: invisible,
  },
  {
    name: 'who has left gets no receipts for its senders',
    file: 'deliver/receipts.ts',
    find: "states.filter(({ state }) => state === 'invisible')",
    replace: 'states',
    test: invisible,
  },
  {
    name: 'history tells that somebody invisible is there',
    file: `${commands}/history.ts`,
    find: 'return isHidden ? undefined : deliveredAtMs;',
    replace: 'return deliveredAtMs;',
    test: invisible,
  },
  {
    name: 'the first visit of somebody invisible is seen',
    file: 'fanout/presence.ts',
    find: "state === 'invisible' ? seenAt(stored) : now.wallMs",
    replace: "state === 'invisible' ? (seenAt(stored) ?? now.wallMs) : now.wallMs",
    test: invisible,
  },
  {
    name: 'what somebody invisible does is when it was last seen',
    file: 'fanout/presence.ts',
    find: "if (user.chosen !== 'invisible') user.lastSeenMs = wallMs;",
    replace: 'user.lastSeenMs = wallMs;',
    test: invisible,
  },
  {
    name: 'a private room is shown over HTTP',
    file: 'http/room-routes.ts',
    find: 'found === undefined || found.is_private',
    replace: 'found === undefined',
    test: handler,
  },
  {
    name: 'private rooms are listed over HTTP',
    file: 'http/room-routes.ts',
    find: 'include_private: false',
    replace: 'include_private: true',
    test: handler,
  },
  {
    name: 'users who are invisible are listed over HTTP',
    file: 'http/stats-route.ts',
    find: 'visible_only: true',
    replace: 'visible_only: false',
    test: handler,
  },

  // How much one user, one event or one room may cost.
  {
    name: 'a connection watches as many users as it likes',
    file: `${commands}/presence.ts`,
    find: "else if (!services.watches.watch(caller.session, topics)) throw new HubError('too_many_watches');",
    replace: 'else services.watches.watch(caller.session, topics);',
    test: limits,
  },
  {
    name: 'all connections together watch as much as they like',
    file: 'fanout/watches.ts',
    find: 'if (ofSession > watchesFloor && ',
    replace: 'if (ofSession < 0 && ',
    test: 'packages/hub/src/fanout/watches.test.ts',
  },
  {
    name: 'a watch above the limit is kept',
    file: 'fanout/watches.ts',
    find: '> this.#limits.perSessionMax) return false;',
    replace: '> this.#limits.perSessionMax + 1) return false;',
    test: limits,
  },
  {
    name: 'a message goes to many recipients however large it is',
    file: `${commands}/message.ts`,
    find: 'if (bytes > messageBytesMax) {',
    replace: 'if (bytes > 2 * messageBytesMax) {',
    test: limits,
  },
  {
    name: 'a user joins as many rooms as it likes',
    file: roomWrites,
    find: '    requireFewRooms(userId);\n    if (room === undefined)',
    replace: '    if (room === undefined)',
    test: contract,
  },
  {
    name: 'a user creates as many rooms as it likes',
    file: roomWrites,
    find: '      requireFewRooms(room.createdBy);\n',
    replace: '',
    test: contract,
  },
  {
    name: 'whoever joins is told of a member who has left',
    file: 'store/sqlite/sql/rooms.ts',
    find: 'promoteFirst.run(roomId);\n    firstMembers.changed(roomId);',
    replace: 'promoteFirst.run(roomId);',
    test: batch,
  },
  {
    name: 'whoever joins is told of members whose joins were rolled back',
    file: 'store/sqlite/sql/batch.ts',
    find: '    counters.forget();\n    firstMembers.forget();\n',
    replace: '    counters.forget();\n',
    test: batch,
  },
  {
    name: 'each of a crowd that joins reads the members anew',
    file: 'store/sqlite/sql/first-members.ts',
    find: 'this.#known.set(roomId, members);',
    replace: '',
    test: batch,
  },
  {
    name: 'a page of presence is as large as it comes',
    file: `${commands}/presence.ts`,
    find: 'const users = fitting(found, limits.listBytesMax);',
    replace: 'const users = found;',
    test: limits,
  },
  {
    name: 'a page of history is as large as its ids make it',
    file: 'lib/json.ts',
    find: 'return tooMany === -1 ? items : items.slice(0, Math.max(1, tooMany));',
    replace: 'return items;',
    test: limits,
  },
  {
    name: 'registered names every room',
    file: `${commands}/register.ts`,
    find: 'rooms.slice(0, limits.roomsToldMax)',
    replace: 'rooms',
    test: limits,
  },
  {
    name: 'each join is told to everybody in a large room',
    file: 'fanout/member-notices.ts',
    find: 'memberCount <= toldEachMax',
    replace: 'memberCount <= toldEachMax + 1',
    test: notices,
  },
  {
    name: 'every member that joined in a second is told of by name',
    file: 'fanout/member-notices.ts',
    find: 'if (told.length === toldEachMax) break;',
    replace: '',
    test: notices,
  },
  {
    name: 'changes are gathered for a room without anybody to be told',
    file: 'fanout/member-notices.ts',
    find: 'if (!this.#live.isHeardIn(roomId)) {',
    replace: 'if (roomId === undefined) {',
    test: notices,
  },
];
