export { emptyMemoryState, type MemoryState } from './memory-state.ts';
export { createMemoryStore, type MemoryStore } from './memory-store.ts';
export { findPostgres, type PostgresServer, postgresMissing, startPostgres } from './servers/postgres.ts';
export { type MakeStore, type Restart, type StoreCapabilities, type StoreHarness, storeContract } from './store-contract.ts';
export { testStoreOptions } from './store-options.ts';
