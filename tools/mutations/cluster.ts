import type { Mutation } from './mutation.ts';

const cluster = 'packages/hub/src/cluster/cluster.test.ts';
const roster = 'packages/hub/src/cluster/roster.test.ts';

/** What keeps nodes from missing, doubling or believing something, left out. */
export const clusterMutations: readonly Mutation[] = [
  {
    name: 'the highest position that was heard counts as all before it',
    file: 'cluster/positions.ts',
    find: 'if (position === heard.reached + 1) goOn(heard, position);',
    replace: 'if (position > heard.reached) goOn(heard, position);',
    test: cluster,
  },
  {
    name: 'a node that has not beaten for long is sure of itself',
    file: 'cluster/lease.ts',
    find: 'return nowMs - this.#sentMs <= sureForMs;',
    replace: 'return nowMs - this.#sentMs <= Number.POSITIVE_INFINITY;',
    test: cluster,
  },
  {
    name: 'a judge that was away ends those who were silent meanwhile',
    file: 'cluster/lease.ts',
    find: 'if (readMs - this.#lastReadMs > judgePauseMaxMs) this.#observed.clear();',
    replace: '',
    test: cluster,
  },
  {
    name: 'a node that was declared dead goes on',
    file: 'cluster/heart.ts',
    find: 'if (await store.beat()) return',
    replace: 'if ((await store.beat()) || sentMs >= 0) return',
    test: cluster,
  },
  {
    name: 'a node hears itself',
    file: 'cluster/incoming.ts',
    find: 'if (frame.node === node()) onOwn();',
    replace: 'if (frame.node === node()) { onOwn(); this.#apply(frame); }',
    test: cluster,
  },
  {
    name: 'a frame that comes twice is applied twice',
    file: 'cluster/incoming.ts',
    find: 'if (!this.#isNew(frame)) {',
    replace: 'if (!this.#isNew(frame) && frame.node < 0) {',
    test: cluster,
  },
  {
    name: 'frames of a node that has ended are taken',
    file: 'cluster/incoming.ts',
    find: 'if (roster.has(frame.node)) this.#apply(frame);\n      else if',
    replace: 'if (roster.has(frame.node) || atMs < startedMs) this.#apply(frame);\n      else if',
    test: cluster,
  },
  {
    name: 'heads are not compared when messages were lost',
    file: 'cluster/mender.ts',
    find: 'await this.#mendMessages(read, isMessageLost);',
    replace: 'await this.#mendMessages(read, false);',
    test: cluster,
  },
  {
    name: 'members and sessions are not compared when news were lost',
    file: 'cluster/mender.ts',
    find: 'if (isNewsLost) await this.#mendNews(read);',
    replace: '',
    test: cluster,
  },
  {
    name: 'what came while a reader was being opened is not looked for',
    file: 'cluster/cluster.ts',
    find: 'for (const { userId, connections } of entries) if (connections > 0) this.#mender.began(userId);',
    replace: '',
    test: cluster,
  },
  {
    name: 'the last commits of a node that has ended are not looked for',
    file: 'cluster/mender.ts',
    find: 'this.#isAllSuspect = true;',
    replace: '',
    test: cluster,
  },
  {
    name: 'while the bus is down a node waits for it',
    file: 'cluster/mender.ts',
    find: 'isBusDown() ? read : this.#previous',
    replace: 'this.#previous',
    test: cluster,
  },
  {
    name: 'anybody on the bus is believed',
    file: 'cluster/sealed.ts',
    find: 'isSame(sealed.slice(0, macLength), macOf(text)) ? text : undefined',
    replace: 'text',
    test: cluster,
  },
  {
    name: 'what was told before a mending and comes late is believed',
    file: 'cluster/positions.ts',
    find: 'if (position <= heard.reached || heard.above.has(position)) return false;',
    replace: 'if (heard.above.has(position)) return false;',
    test: cluster,
  },
  {
    name: 'what a node told before is believed after what it told later',
    file: 'cluster/roster.ts',
    find: '(known !== undefined && !isAfter(told, known))',
    replace: '(known !== undefined && nowMs < 0)',
    test: roster,
  },
  {
    name: 'sessions that were read stand for what was told after them',
    file: 'cluster/roster.ts',
    find: 'if (known.position > read.position || present.has(userId)',
    replace: 'if (present.has(userId)',
    test: roster,
  },
];
