import { expect, test } from 'vitest';
import { createHub } from './hub.ts';
import { readNodes } from './store/postgres/node-list.ts';
import { useDatabases } from './store/postgres/stores.test-support.ts';

const databases = useDatabases();

test('a hub that can not start for the address of its bus leaves no node behind', async () => {
  const store = await databases().create();
  await expect(createHub({ store, bus: 'redis://user@127.0.0.1' })).rejects.toThrow('The address of the bus may have a user, a password');
  expect(await readNodes(store, undefined)).toEqual([]);
});
