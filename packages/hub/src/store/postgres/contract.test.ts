import { sharedStoreContract, storeContract } from '@parley/testkit';
import type { SharedMessage, SharedStore } from '../../ports/shared-store.ts';
import type { Store, StoredMessage } from '../../ports/store.ts';
import { openStore, useDatabases } from './stores.test-support.ts';

const databases = useDatabases();

/** Less what only shared stores say: how often the members of a room had changed, and a user's choice, and where a member left. */
function plain<T extends { readonly membersVersion?: unknown; readonly version?: unknown; readonly leftSeq?: unknown }>({
  membersVersion: _members,
  version: _version,
  leftSeq: _left,
  ...rest
}: T): Omit<T, 'membersVersion' | 'version' | 'leftSeq'> {
  return rest;
}

const plainMessage = ({ membersVersion: _, ...message }: SharedMessage): StoredMessage => message;

function plainStore(store: SharedStore): Store {
  return {
    ...store,
    openReader: async (reader, nowMs, inOrder) => {
      const { streams, state } = await store.openReader(reader, nowMs, inOrder);
      return { streams: streams.map(plain), state: state && plain(state) };
    },
    createRoom: async (room, inOrder) => plain(await store.createRoom(room, inOrder)),
    joinRoom: async (request, inOrder) => plain(await store.joinRoom(request, inOrder)),
    leaveRoom: async (roomId, userId, inOrder) => plain(await store.leaveRoom(roomId, userId, inOrder)),
    states: async (userIds) => (await store.states(userIds)).map(plain),
  };
}

storeContract(
  'PostgreSQL',
  async (options) => {
    const url = await databases().create();
    const open = () =>
      openStore({ ...options, url, onAppended: (messages: readonly SharedMessage[]) => options.onAppended(messages.map(plainMessage)) });
    let store = await open();
    return {
      store: plainStore(store),
      async reopen(how) {
        const earlier = store;
        if (how === 'close') await earlier.close();
        store = await open();
        if (how === 'crash') {
          // Whatever it does after this is refused.
          const beat = (await store.nodes()).find(({ node }) => node === earlier.node)?.beat ?? -1;
          await store.declareDead(earlier.node, beat);
          await earlier.close();
        }
        return plainStore(store);
      },
      dispose: () => store.close(),
    };
  },
  { restarts: ['close', 'crash'] },
);

sharedStoreContract('PostgreSQL', async ({ connectionsPerUserMax }) => {
  const url = await databases().create();
  return { open: (options, hooks) => openStore({ ...options, ...hooks, url, connectionsPerUserMax }), dispose: async () => {} };
});
