import { createMemoryStore } from './memory-store.ts';
import { storeContract } from './store-contract.ts';

storeContract(
  'memory',
  async (options) => {
    let store = createMemoryStore(options);
    return {
      store,
      async reopen(how) {
        if (how === 'close') await store.close();
        store = createMemoryStore(options, store.state);
        return store;
      },
      dispose: () => store.close(),
    };
  },
  { restarts: ['close', 'crash'] },
);
