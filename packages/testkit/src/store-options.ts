import type { StoreOptions } from '@parley/hub';

/** For tests that a limit does not matter to: generous ones, and nobody who listens. */
export const testStoreOptions: StoreOptions = {
  queueMessagesMax: 1_000_000,
  queueOverflow: 'reject',
  senderQueueMessagesMax: 1_000_000,
  roomsPerUserMax: 1_000,
  devicesPerUserMax: 1_000,
  onAppended() {},
  onDamaged() {},
  onDamagedPart() {},
  onFailed() {},
};
