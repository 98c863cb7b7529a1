export { type MakeStore, type Restart, type StoreCapabilities, type StoreHarness, storeContract } from './store-contract.ts';
export { type MemoryStore, createMemoryStore } from './memory-store.ts';
export { type MemoryState, emptyMemoryState } from './memory-state.ts';
