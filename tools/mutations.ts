/** Faults that somebody could put into the delivery code, each as an exact replacement of text. */
export interface Mutation {
  readonly name: string;
  /** Below packages/hub/src. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** A test that sees it, if it can't show in the simulation. */
  readonly test?: string;
}

const reader = 'deliver/stream-reader.ts';
const catchUp = 'deliver/catch-up.ts';
const budget = 'deliver/outbox-budget.ts';
const gate = 'deliver/page-gate.ts';
const acknowledgements = 'deliver/acknowledgements.ts';

export const mutations: readonly Mutation[] = [
  {
    name: 'the cursor moves at the write instead of at the pong',
    file: acknowledgements,
    find: 'this.#written.set(stream, seq);',
    replace: 'this.#written.set(stream, seq); this.#advance(stream, seq);',
  },
  {
    name: 'published messages are written to a reader that is behind',
    file: reader,
    find: 'if (this.#catchUp?.has(run.stream)) this.#catchUp.goOn();',
    replace: 'if (this.#catchUp?.has(run.stream)) this.#write(run);',
  },
  {
    name: 'a reader has caught up one message too early',
    file: catchUp,
    find: 'behind.position === head)',
    replace: 'behind.position + 1 >= head)',
  },
  {
    name: 'the mark of redelivery is dropped',
    file: catchUp,
    find: '{ written: behind.written, bytesMax }',
    replace: '{ bytesMax }',
  },
  {
    name: 'what is written after a ping counts as acknowledged by its pong',
    file: acknowledgements,
    find: 'this.#pinged = this.#written;\n    this.#written = undefined;',
    replace: 'this.#pinged = this.#written;',
  },
  {
    name: 'a page that could not be read is skipped',
    file: catchUp,
    find: '      // The store is busy, or has failed and says so itself.',
    replace: '      if (next !== undefined) next.behind.position = next.head;',
  },
  {
    name: 'an explicit acknowledgement may be above what was sent',
    file: reader,
    find: 'if (seq > (this.#catchUp?.position(stream) ?? this.#ports.headOf(stream) ?? 0)) return false;',
    replace: '',
  },
  {
    name: 'a reader that is behind may acknowledge up to the head',
    file: reader,
    find: 'this.#catchUp?.position(stream) ?? this.#ports.headOf(stream)',
    replace: 'this.#ports.headOf(stream)',
  },
  {
    name: 'a reader whose outbox has drained does not go on',
    file: reader,
    find: 'this.#sendHeldPresence();\n    this.#catchUp?.goOn();',
    replace: 'this.#sendHeldPresence();',
  },
  {
    name: 'presence is held although no drain will send it',
    file: reader,
    find: 'if (this.#ports.budget.isAboveLowWater(this.#connection.bufferedBytes)) {',
    replace: 'if (!this.#fits(packet.text.length)) {',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'acknowledgements that are not on disk yet count as kept when a connection closes',
    file: acknowledgements,
    find: 'positions.set(stream, seq);\n    for (const later',
    replace: '[stream, seq];\n    for (const later',
  },
  {
    name: 'the outbox knows no high water',
    file: budget,
    find: 'return heldBytes <= this.#marks.floorBytes || heldBytes <= this.#sharedBytes();',
    replace: 'return true;',
    test: 'packages/hub/src/deliver/outbox-budget.test.ts',
  },
  {
    name: 'the outboxes know no total',
    file: budget,
    find: 'Math.min(this.#marks.highWaterBytes, this.#marks.totalBytesMax - this.#usedBytes())',
    replace: 'this.#marks.highWaterBytes',
    test: 'packages/hub/src/deliver/outbox-budget.test.ts',
  },
  {
    name: 'a connection may hold nothing when others hold everything',
    file: budget,
    find: 'heldBytes <= this.#marks.floorBytes || ',
    replace: '',
    test: 'packages/hub/src/deliver/outbox-budget.test.ts',
  },
  {
    name: 'no page is read when others hold everything',
    file: budget,
    find: 'Math.max(this.#marks.floorBytes, this.#sharedBytes())',
    replace: 'this.#sharedBytes()',
    test: 'packages/hub/src/deliver/outbox-budget.test.ts',
  },
  {
    name: 'any number of pages is read at once',
    file: gate,
    find: 'if (this.#reading >= pagesAtOnce) return;',
    replace: '',
    test: 'packages/hub/src/deliver/page-gate.test.ts',
  },
  {
    name: 'a reader that can not go on keeps the others waiting',
    file: gate,
    find: 'else this.#block(reader);',
    replace: 'else { this.#block(reader); return; }',
    test: 'packages/hub/src/deliver/page-gate.test.ts',
  },
  {
    name: 'a reader that was blocked starts again behind the others',
    file: gate,
    find: '[...this.#blocked, ...this.#waiting]',
    replace: '[...this.#waiting, ...this.#blocked]',
    test: 'packages/hub/src/deliver/page-gate.test.ts',
  },
  {
    name: 'a page is read for a connection that closed while it waited for its turn',
    file: catchUp,
    find: 'this.#ports.gate.leave(this);',
    replace: '',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'a page is written whole, however much of it fits',
    file: reader,
    find: 'if (lastSeq !== undefined && !this.#fits(run.bytes)) break;',
    replace: '',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'what did not fit of a page is skipped',
    file: catchUp,
    find: 'behind.position = this.#write(messageRuns(page, { written: behind.written, bytesMax })) ?? head;',
    replace: 'this.#write(messageRuns(page, { written: behind.written, bytesMax })); behind.position = page.at(-1)?.seq ?? head;',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'presence is held without a bound',
    file: 'deliver/held-presence.ts',
    find: 'if (this.#characters <= this.#charactersMax) return;',
    replace: 'return;',
    test: 'packages/hub/src/deliver/held-presence.test.ts',
  },
  {
    name: 'a page of history is not cut to what the connection may hold',
    file: 'route/commands/history.ts',
    find: 'Math.min(limits.historyBytesMax, caller.session === undefined ? 0 : services.roomFor(caller.session.connection))',
    replace: 'limits.historyBytesMax',
    test: 'packages/hub/src/route/commands/history.test.ts',
  },
  {
    name: 'acknowledgements that the store refused are forgotten',
    file: 'deliver/cursor-writer.ts',
    find: 'for (const advance of batch) this.#keep(advance);',
    replace: '',
  },
  {
    name: 'of several acknowledgements the lowest is written',
    file: 'deliver/cursor-writer.ts',
    find: 'known.seq < advance.seq',
    replace: 'known.seq > advance.seq',
    test: 'packages/hub/src/deliver/cursor-writer.test.ts',
  },
  {
    name: 'a gap in the notices is ignored',
    file: 'fanout/streams.ts',
    find: 'if (message.seq > entry.head + 1) {',
    replace: 'if (message.seq < 0) {',
  },
  {
    name: 'a doubled notice is passed on',
    file: 'fanout/streams.ts',
    find: 'message.seq <= entry.head) continue;',
    replace: 'message.seq < entry.head) continue;',
  },
  {
    name: 'a departing connection takes its user along',
    file: 'fanout/presence.ts',
    find: 'if (user.connections > 1) {',
    replace: 'if (user.connections > 2) {',
  },
  {
    name: 'a closing connection forgets what it has not acknowledged',
    file: 'identify/sessions.ts',
    find: 'this.#closedReaders.add(session, reader.unacknowledged());',
    replace: 'this.#closedReaders.add(session, []);',
  },
  {
    name: 'a closing that the store has not taken does not keep its reader open',
    file: 'identify/closed-readers.ts',
    find: 'const before = this.#latest.get(key) ?? Promise.resolve();',
    replace: 'const before = Promise.resolve();',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a closing that the store refuses is forgotten',
    file: 'identify/closed-readers.ts',
    find: 'if (this.#isSettling || !isPassing(error)) return;',
    replace: 'return;',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a session begins after the store has answered, not inside',
    file: 'identify/sessions.ts',
    find: 'this.#begin(connection, registration, opened, enter);',
    replace: 'clock.after(1, () => this.#begin(connection, registration, opened, enter));',
  },
  {
    name: 'a registration under way does not keep its reader open',
    file: 'identify/pool.ts',
    find: 'user.opening.includes(deviceId) || ',
    replace: '',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a stream is followed before its head is known',
    file: 'fanout/streams.ts',
    find: '    this.#add(reader, start);',
    replace: '    void Promise.resolve().then(() => this.#add(reader, start));',
    test: 'packages/hub/src/fanout/streams.test.ts',
  },
  {
    name: 'a session begins although its connection has ended',
    file: 'identify/sessions.ts',
    find: 'if (connection.isGone) return;',
    replace: '',
  },
  {
    name: 'a handshake may name somebody else than its credentials',
    file: 'identify/handshake-registration.ts',
    find: "throw new HubError('sender_mismatch');",
    replace: 'return payload;',
    test: 'packages/hub/src/identify/reception.test.ts',
  },
  {
    name: 'an authenticator that fails lets everybody in',
    file: 'identify/authentication.ts',
    find: "    throw new HubError('internal_error');",
    replace: '    return { userId: undefined };',
    test: 'packages/hub/src/identify/reception.test.ts',
  },
  {
    name: 'a token without a user lets its bearer be anybody',
    file: 'identify/authentication.ts',
    find: " && method === 'open'",
    replace: '',
    test: 'packages/hub/src/identify/reception.test.ts',
  },
  {
    name: 'a client may be the application',
    file: 'route/commands/register.ts',
    find: 'if (userId === applicationUserId) {',
    replace: 'if (userId === undefined) {',
    test: 'packages/hub/src/route/conversation.test.ts',
  },
  {
    name: 'joining the namespace again gives more time to register',
    file: 'identify/reception.ts',
    find: "if (this.#isOverdue(connection)) throw new HubError('registration_timeout');",
    replace: '',
    test: 'packages/hub/src/identify/reception.test.ts',
  },
  {
    name: 'who has time left to register is sent away',
    file: 'identify/reception.ts',
    find: 'if (this.#isOverdue(connection)) closeOverdue(connection);',
    replace: 'closeOverdue(connection);',
    test: 'packages/hub/src/identify/reception.test.ts',
  },
  {
    name: 'a client that is sent away for good is let come back',
    file: 'identify/send-away.ts',
    find: "closingTable[reason].reconnect ? 'forced close' : 'server namespace disconnect'",
    replace: "'forced close'",
    test: 'packages/hub/src/identify/send-away.test.ts',
  },
  {
    name: 'silent connections keep their places',
    file: 'identify/sessions.ts',
    find: '      this.close(session);\n      sendAway(session.connection',
    replace: '      sendAway(session.connection',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'connections that answer lose their places',
    file: 'identify/silent-sessions.ts',
    find: 'connection.lastHeardMs <= askedMs;',
    replace: 'connection.lastHeardMs <= clock.monotonic();',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a user may have one connection more than the limit',
    file: 'identify/pool.ts',
    find: 'user.sessions.length + user.opening.length < this.#maxPerUser',
    replace: 'user.sessions.length + user.opening.length <= this.#maxPerUser',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'registrations under way do not count for the limit',
    file: 'identify/pool.ts',
    find: 'user.sessions.length + user.opening.length < this.#maxPerUser',
    replace: 'user.sessions.length < this.#maxPerUser',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a refusal that time mends keeps stock clients away',
    file: 'identify/reception.ts',
    find: "if (mendedByTime.has(error.code)) connection.close('forced close');",
    replace: '',
    test: 'packages/hub/src/identify/reception.test.ts',
  },
  {
    name: 'whoever arrives as invisible is seen for a moment',
    file: 'fanout/presence.ts',
    find: "const state = chosen ?? stored?.state ?? 'online';",
    replace: "const state = stored?.state ?? 'online';",
    test: 'packages/hub/src/fanout/presence.test.ts',
  },
  {
    name: 'a connection registers as another user again',
    file: 'route/commands/register.ts',
    find: "throw new HubError('already_registered');",
    replace: 'caller = { ...caller };',
    test: 'packages/hub/src/route/conversation.test.ts',
  },
  {
    name: 'commands overtake register',
    file: 'route/router.ts',
    find: 'barriers.has(event.name);',
    replace: 'event.name === "";',
  },
  {
    name: 'a sender may name somebody else',
    file: 'route/router.ts',
    find: '  requireOwnName(name, payload, caller.userId);\n',
    replace: '',
  },
  {
    name: 'leaving a room does not end its stream',
    file: 'route/commands/leave-room.ts',
    find: 'streams.close(stream, session.reader);',
    replace: '',
  },
  {
    name: 'a state that can not be stored is a second answer to register',
    file: 'route/commands/register.ts',
    find: '.catch(() => {});',
    replace: ';',
    test: 'packages/hub/src/route/conversation.test.ts',
  },
  {
    name: 'a snapshot of presence is taken before the store is asked',
    file: 'route/commands/presence.ts',
    find: 'const unknown = userIds.filter(',
    replace:
      'const early = new Map(userIds.map((userId) => [userId, presence.view(userId)]));\n' +
      '  presence = { ...presence, view: (userId) => early.get(userId) };\n  const unknown = userIds.filter(',
  },
];
