export { emptyMemoryState, type MemoryState } from './memory-state.ts';
export { createMemoryStore, type MemoryStore } from './memory-store.ts';
export { type MakeStore, type Restart, type StoreCapabilities, type StoreHarness, storeContract } from './store-contract.ts';
export { testStoreOptions } from './store-options.ts';
