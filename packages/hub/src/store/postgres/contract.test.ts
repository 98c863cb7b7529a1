import { type PostgresServer, postgresMissing, startPostgres, storeContract } from '@parley/testkit';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { StoredMessage } from '../../ports/store.ts';
import { openPostgresStore, type PostgresOptions } from './open.ts';

let server: PostgresServer | undefined;
/** The schema, to be copied. */
let template = '';

beforeAll(async () => {
  if (postgresMissing() !== undefined) return;
  server = await startPostgres();
  template = await server.createDatabase();
  await (await openPostgresStore({ ...nothing, url: template })).close();
});

beforeEach(({ skip }) => {
  const missing = postgresMissing();
  if (missing !== undefined) skip(`not installed: ${missing}`);
});

afterAll(() => server?.remove());

const ignore = (): void => {};
const nothing: Omit<PostgresOptions, 'url'> & Parameters<typeof openPostgresStore>[0] = {
  queueMessagesMax: 1,
  queueOverflow: 'reject',
  senderQueueMessagesMax: 1,
  roomsPerUserMax: 1,
  devicesPerUserMax: 1,
  url: '',
  onCommit: ignore,
  onAppended: ignore,
  onDamaged: ignore,
  onDamagedPart: ignore,
  onFailed: ignore,
};

/** What the port does not say of a message: how often the members of its room had changed. */
function plain(messages: readonly (StoredMessage & { readonly membersVersion?: unknown })[]): readonly StoredMessage[] {
  return messages.map(({ membersVersion: _, ...message }) => message);
}

storeContract(
  'PostgreSQL',
  async (options) => {
    const url = (await server?.createDatabase(template)) ?? '';
    const open = () =>
      openPostgresStore({
        ...options,
        url,
        onCommit: ignore,
        countedForMs: 0,
        onAppended: (messages) => options.onAppended(plain(messages)),
      });
    let store = await open();
    return {
      store,
      async reopen(how) {
        const earlier = store;
        if (how === 'close') await earlier.close();
        store = await open();
        if (how === 'crash') {
          // It has no say in it: what it does after this is refused.
          const { node, beat } = (await store.nodes()).find((one) => one.node === earlier.node) ?? { node: 0, beat: 0 };
          await store.declareDead(node, beat);
          await earlier.close();
        }
        return store;
      },
      dispose: () => store.close(),
    };
  },
  { restarts: ['close', 'crash'] },
);
