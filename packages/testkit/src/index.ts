export { type BusCapabilities, type BusHarness, type BusTimes, busContract } from './bus-contract.ts';
export { emptyMemoryState, type MemoryState } from './memory-state.ts';
export { createMemoryStore, type MemoryStore } from './memory-store.ts';
export { natsProgram, startNats } from './servers/nats.ts';
export { findPostgres, type PostgresServer, postgresMissing, startPostgres } from './servers/postgres.ts';
export { findProgram, freePort, type Program, startProgram, type TestServer } from './servers/program.ts';
export { redisProgram, startRedis } from './servers/redis.ts';
export { type MakeStore, type Restart, type StoreCapabilities, type StoreHarness, storeContract } from './store-contract.ts';
export { testStoreOptions } from './store-options.ts';
