/**
 * The contract of the port of a shared store: what holds with two and three nodes over the same data. Each store also holds `storeContract`
 * by itself.
 */
import { describe } from 'vitest';
import { sharedLogContract } from './shared-store-contract/log.ts';
import { sharedNodesContract } from './shared-store-contract/nodes.ts';
import { sharedReadersContract } from './shared-store-contract/readers.ts';
import { sharedRoomsContract } from './shared-store-contract/rooms.ts';
import type { MakeSharedStore } from './shared-store-contract/scenario.ts';

export type { MakeSharedStore, SharedStoreHarness } from './shared-store-contract/scenario.ts';

export function sharedStoreContract(name: string, make: MakeSharedStore): void {
  describe(`shared store contract: ${name}`, () => {
    describe('the log', () => sharedLogContract(make));
    describe('readers', () => sharedReadersContract(make));
    describe('rooms', () => sharedRoomsContract(make));
    describe('nodes', () => sharedNodesContract(make));
  });
}
