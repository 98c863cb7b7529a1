import { createMemoryShared } from './memory-shared.ts';
import { sharedStoreContract } from './shared-store-contract.ts';

sharedStoreContract('model', async ({ connectionsPerUserMax }) => {
  const shared = createMemoryShared({ connectionsPerUserMax });
  return { open: async (options, hooks) => shared.open(options, hooks), dispose: async () => {} };
});
