/**
 * The contract of the store port. The tests are the sentences of the port's documentation; every adapter runs all of them:
 *
 *     storeContract('my store', async (options) => ({ store: await openMyStore(options), dispose: … }), { restarts: [] });
 */
import { describe } from 'vitest';
import { appendContract } from './store-contract/append.ts';
import { deletedRoomsContract } from './store-contract/deleted-rooms.ts';
import { historyContract } from './store-contract/history.ts';
import { readersContract } from './store-contract/readers.ts';
import { redeliveryContract } from './store-contract/redelivery.ts';
import { retentionContract } from './store-contract/retention.ts';
import { roomPagesContract } from './store-contract/room-pages.ts';
import { roomsContract } from './store-contract/rooms.ts';
import type { MakeStore, StoreCapabilities } from './store-contract/scenario.ts';
import { unusedContract } from './store-contract/unused.ts';

export type { MakeStore, Restart, StoreCapabilities, StoreHarness } from './store-contract/scenario.ts';

export function storeContract(name: string, make: MakeStore, capabilities: StoreCapabilities): void {
  describe(`store contract: ${name}`, () => {
    describe('append', () => appendContract(make, capabilities));
    describe('readers and cursors', () => readersContract(make));
    describe('redelivery and receipts', () => redeliveryContract(make, capabilities));
    describe('rooms and states', () => roomsContract(make, capabilities));
    describe('pages of rooms and members', () => roomPagesContract(make));
    describe('owners and deleted rooms', () => deletedRoomsContract(make, capabilities));
    describe('devices and users that nobody uses', () => unusedContract(make, capabilities));
    describe('history', () => historyContract(make));
    describe('retention and counts', () => retentionContract(make, capabilities));
  });
}
