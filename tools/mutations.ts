/** Faults that somebody could put into the code; those of the folders with many have a file of their own. */
import { clusterMutations } from './mutations/cluster.ts';
import { configMutations } from './mutations/config.ts';
import { connectMutations } from './mutations/connect.ts';
import { fanoutMutations } from './mutations/fanout.ts';
import { identifyMutations } from './mutations/identify.ts';
import type { Mutation } from './mutations/mutation.ts';
import { rightsMutations } from './mutations/rights.ts';
import { routeMutations } from './mutations/route.ts';
import { storeMutations } from './mutations/store.ts';

const reader = 'deliver/stream-reader.ts';
const catchUp = 'deliver/catch-up.ts';
const budget = 'deliver/outbox-budget.ts';
const gate = 'deliver/page-gate.ts';
const acknowledgements = 'deliver/acknowledgements.ts';

export const mutations: readonly Mutation[] = [
  ...clusterMutations,
  ...configMutations,
  ...connectMutations,
  ...identifyMutations,
  ...routeMutations,
  ...fanoutMutations,
  ...rightsMutations,
  ...storeMutations,
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
    find: 'behind.position === head &&',
    replace: 'behind.position + 1 >= head &&',
  },
  {
    name: 'the mark of redelivery is dropped',
    file: catchUp,
    find: '{ written: behind.written, bytesMax, ',
    replace: '{ bytesMax, ',
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
    find: '      // The store is busy, or has failed and reports that itself.',
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
    find: 'this.#behind = undefined;\n    this.#ports.gate.leave(this);',
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
    find: 'behind.position = this.#write(runs) ?? head;',
    replace: 'this.#write(runs); behind.position = page.at(-1)?.seq ?? head;',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'a damaged message stops its reader',
    file: catchUp,
    find: '    // An empty page: what was there has expired.',
    replace: "    if (page.some((entry) => 'damaged' in entry)) return;",
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'a message that no connection may buffer is written',
    file: 'deliver/message-run.ts',
    find: 'if (bytes <= bytesMax) return { entry, text, bytes };',
    replace: 'return { entry, text, bytes };',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'a stream that can not be read is read again and again',
    file: catchUp,
    find: 'if (isPassing(error)) {',
    replace: 'if (error !== undefined) {',
    test: 'packages/hub/src/deliver/stream-reader.test.ts',
  },
  {
    name: 'a stream that can not be read counts as caught up',
    file: catchUp,
    find: 'behind.isUnreadable = true;',
    replace: 'this.end(stream);',
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
    name: 'a connection may not buffer a packet of full size',
    file: 'hub.ts',
    find: ' + onItsWayBytesMax + config.packetBytesMax',
    replace: '',
    test: 'test/e2e/large-content.test.ts',
  },
];
