/** Appends until it is killed, and prints the content of each message whose append was acknowledged. */
import { openSqliteStore } from './open.ts';

const [dataFolder = '', round = ''] = process.argv.slice(2);
const store = await openSqliteStore({
  dataFolder,
  queueMessagesMax: 1e9,
  queueOverflow: 'reject',
  senderQueueMessagesMax: 1e9,
  roomsPerUserMax: 1,
  devicesPerUserMax: 1,
  onAppended: () => {},
  onDamaged: () => {},
  onDamagedPart: () => {},
  onFailed: () => process.exit(1),
});

async function appendForever(sender: number): Promise<never> {
  for (let count = 0; ; count += 1) {
    const content = `"${round} ${sender} ${count}"`;
    const request = {
      kind: 'direct',
      recipientId: `ann ${count % 3}`,
      type: 'text',
      createdAtMs: count,
      storedAtMs: count,
      receipt: false,
      trusted: false,
    } as const;
    await store.append({ ...request, senderId: `${sender}`, content, clientMsgId: content });
    process.stdout.write(`${content}\n`);
  }
}

await Promise.all(Array.from({ length: 20 }, (_, sender) => appendForever(sender)));
