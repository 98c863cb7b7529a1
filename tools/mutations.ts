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

export const mutations: readonly Mutation[] = [
  {
    name: 'the cursor moves at the write instead of at the pong',
    file: reader,
    find: 'this.#unproved.set(run.stream, run.lastSeq);',
    replace: 'this.#unproved.set(run.stream, run.lastSeq); this.#advance(run.stream, run.lastSeq);',
  },
  {
    name: 'live messages are pushed to a reader that is behind',
    file: reader,
    find: 'if (this.#behind?.has(run.stream)) this.#catchUp();',
    replace: 'if (this.#behind?.has(run.stream)) this.#pass([run]);',
  },
  {
    name: 'a reader is live one message too early',
    file: reader,
    find: 'behind.position === head)',
    replace: 'behind.position + 1 >= head)',
  },
  {
    name: 'the mark of redelivery is dropped',
    file: reader,
    find: 'messageRuns(page, behind.written)',
    replace: 'messageRuns(page)',
  },
  {
    name: 'what is written after a ping counts as proved by it',
    file: reader,
    find: 'this.#pinged = this.#unproved;\n      this.#unproved = undefined;',
    replace: 'this.#pinged = this.#unproved;',
  },
  {
    name: 'a page that could not be read is skipped',
    file: reader,
    find: '      // The store is busy, or has failed and says so itself.',
    replace: '      if (next !== undefined) next.behind.position = next.head;',
  },
  {
    name: 'an explicit acknowledgement may be above what was sent',
    file: reader,
    find: 'if (seq > (this.#behind?.get(stream)?.position ?? this.#ports.headOf(stream) ?? 0)) return false;',
    replace: '',
  },
  {
    name: 'a reader that is behind may acknowledge up to the head',
    file: reader,
    find: 'this.#behind?.get(stream)?.position ?? this.#ports.headOf(stream)',
    replace: 'this.#ports.headOf(stream)',
  },
  {
    name: 'a reader whose outbox has drained does not go on',
    file: reader,
    find: 'this.#heldPresence = undefined;\n    this.#catchUp();',
    replace: 'this.#heldPresence = undefined;',
  },
  {
    name: 'presence is held although no drain will send it',
    file: reader,
    find: 'if (this.#ports.budget.canTake(this.#connection.bufferedBytes)) this.#connection.send(packet);',
    replace: 'if (!this.#isOver) this.#connection.send(packet);',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'proofs that are not on disk yet count as proved when a connection closes',
    file: reader,
    find: 'for (const { stream, seq } of pending) written.set(stream, seq);',
    replace: 'for (const _ of pending);',
  },
  {
    name: 'the outbox knows no high water',
    file: 'deliver/outbox-budget.ts',
    find: 'return bufferedBytes > 0 && bufferedBytes > Math.min(this.#marks.highWaterBytes, this.#freeBytes());',
    replace: 'return false;',
    test: 'packages/hub/src/deliver/outbox-budget.test.ts',
  },
  {
    name: 'proofs that the store refused are forgotten',
    file: 'deliver/cursor-writer.ts',
    find: 'for (const advance of batch) this.#keep(advance);',
    replace: '',
  },
  {
    name: 'of several proofs the lowest is written',
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
    name: 'a closing connection forgets what it has not proved',
    file: 'identify/sessions.ts',
    find: 'this.#closings.add(session, reader.unproved());',
    replace: 'this.#closings.add(session, []);',
  },
  {
    name: 'a closing that the store has not taken does not keep its reader open',
    file: 'identify/closings.ts',
    find: 'const before = this.#latest.get(key) ?? Promise.resolve();',
    replace: 'const before = Promise.resolve();',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a closing that the store refuses is forgotten',
    file: 'identify/closings.ts',
    find: 'if (this.#isSettling || !isPassing(error)) return;',
    replace: 'return;',
    test: 'packages/hub/src/identify',
  },
  {
    name: 'a session begins after the store has answered, not inside',
    file: 'identify/sessions.ts',
    find: 'this.#begin(connection, registration, opened, party);',
    replace: 'clock.after(1, () => this.#begin(connection, registration, opened, party));',
  },
  {
    name: 'a registration under way does not keep its reader open',
    file: 'identify/pool.ts',
    find: '[...user.sessions, ...user.opening].some',
    replace: '[...user.sessions].some',
    test: 'packages/hub/src/identify',
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
