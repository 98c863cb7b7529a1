import { sharedStoreContract, storeContract } from '@parley/testkit';
import type { SharedMessage } from '../../ports/shared-store.ts';
import type { StoredMessage } from '../../ports/store.ts';
import { openStore, useDatabases } from './stores.test-support.ts';

const databases = useDatabases();

/** Less what only shared stores say: how often the members of its room had changed. */
function plain(messages: readonly SharedMessage[]): readonly StoredMessage[] {
  return messages.map(({ membersVersion: _, ...message }) => message);
}

storeContract(
  'PostgreSQL',
  async (options) => {
    const url = await databases().create();
    const open = () => openStore({ ...options, url, onAppended: (messages) => options.onAppended(plain(messages)) });
    let store = await open();
    return {
      store,
      async reopen(how) {
        const earlier = store;
        if (how === 'close') await earlier.close();
        store = await open();
        if (how === 'crash') {
          // Whatever it does after this is refused.
          const beat = (await store.nodes()).find(({ node }) => node === earlier.node)?.beat ?? -1;
          await store.declareDead(earlier.node, beat);
          await earlier.close();
        }
        return store;
      },
      dispose: () => store.close(),
    };
  },
  { restarts: ['close', 'crash'] },
);

sharedStoreContract('PostgreSQL', async ({ connectionsPerUserMax }) => {
  const url = await databases().create();
  return { open: (options, hooks) => openStore({ ...options, ...hooks, url, connectionsPerUserMax }), dispose: async () => {} };
});
