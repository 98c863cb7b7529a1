/** Centrifugo, where it runs already: rooms are channels that anonymous clients may subscribe to and publish in. */
import { Centrifuge } from 'centrifuge';
import { WebSocket } from 'ws';
import { pooled } from '../lib/waiting.ts';
import type { OpenAudience } from '../load/audience.ts';
import { content } from '../load/dialects.ts';
import { Trouble } from '../load/trouble.ts';

const channel = 'room-1';
const entriesAtOnce = 32;

export const audience: OpenAudience = async ({ host, port }, count, onDelivery) => {
  const trouble = new Trouble();
  const delivered = Array.from({ length: count }, () => 0);
  const open = async (): Promise<Centrifuge> => {
    const client = new Centrifuge(`ws://${host}:${port}/connection/websocket`, { websocket: WebSocket });
    client.on('disconnected', ({ reason }) => trouble.onError(new Error(reason)));
    client.connect();
    await trouble.guard(client.ready(), 20_000, 'Centrifugo does not let a client in');
    return client;
  };
  const receivers = await pooled([...delivered.keys()], entriesAtOnce, async (index) => {
    const client = await open();
    const subscription = client.newSubscription(channel);
    subscription.on('publication', () => {
      delivered[index] = (delivered[index] ?? 0) + 1;
      onDelivery();
    });
    subscription.subscribe();
    await trouble.guard(subscription.ready(), 20_000, `Centrifugo does not let clients subscribe to ${channel}`);
    return client;
  });
  const sender = await open();
  return {
    send(messages) {
      for (let count = 0; count < messages; count++) sender.publish(channel, { content }).catch(trouble.onError);
    },
    delivered: () => delivered,
    guard: (work, timeoutMs, complaint) => trouble.guard(work, timeoutMs, complaint),
    leave() {
      for (const client of [sender, ...receivers]) client.removeAllListeners().disconnect();
    },
  };
};
