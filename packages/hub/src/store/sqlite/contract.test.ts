import { storeContract } from '@parley/testkit';
import { copyAsKilled, makeFolder, removeFolder } from './folder.test-support.ts';
import { openSqliteStore } from './open.ts';

storeContract(
  'SQLite file',
  async (options) => {
    const folders = [makeFolder()];
    const open = () => openSqliteStore({ ...options, dataFolder: folders.at(-1) ?? '' });
    let store = await open();
    return {
      store,
      async reopen(how) {
        if (how === 'crash') folders.push(copyAsKilled(folders.at(-1) ?? ''));
        await store.close();
        store = await open();
        return store;
      },
      async dispose() {
        await store.close();
        folders.forEach(removeFolder);
      },
    };
  },
  { restarts: ['close', 'crash'] },
);

storeContract(
  'SQLite in memory',
  async (options) => {
    const store = await openSqliteStore({ ...options, dataFolder: ':memory:' });
    return { store, reopen: () => Promise.reject(new Error('nothing outlives it')), dispose: () => store.close() };
  },
  { restarts: [] },
);
