/**
 * A shop with a hub inside: one process, one port. The shop keeps its own routes, and its customers get messages
 * with any Socket.IO client, at once or when they come back.
 *
 *     npm run example
 *     curl -X POST 'http://127.0.0.1:3000/orders?customer=ann&item=teapot'
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createHub } from '@parley/hub';

const port = Number(process.env.PORT ?? 3000);
const staffRoom = 'staff';

const hub = await createHub({ data: './data/example' });

if ((await hub.api.room(staffRoom)) === undefined) {
  await hub.api.createRoom({ room_id: staffRoom, room_name: 'Staff', created_by: 'shop', is_private: true });
  await hub.api.addMember(staffRoom, 'sam');
}

hub.subscribe((event) => {
  if (event.type === 'registered') console.log(`${event.userId} is here`);
  if (event.type === 'stored') console.log(`message ${event.messageId} from ${event.senderId} is stored`);
});

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    sendJson(response, 500, { error: 'The shop failed to answer.' });
  });
});

// From here on the hub answers below /socket.io/, and the shop everything else.
hub.attach(server);
server.listen(port, '127.0.0.1', () => console.log(`The shop is open at http://127.0.0.1:${port}`));

process.once('SIGINT', stop);
process.once('SIGTERM', stop);

/** The shop's own routes. A real shop would ask here who the caller is. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop');
  const route = `${request.method} ${pathname}`;
  if (route === 'GET /') sendJson(response, 200, { shop: 'open', online: hub.api.onlineUsers() });
  else if (route === 'POST /orders') sendJson(response, 201, await takeOrder(searchParams));
  else if (route === 'POST /closing') sendJson(response, 200, await hub.api.broadcast('The shop closes in ten minutes.'));
  else sendJson(response, 404, { error: 'The shop has no such page.' });
}

/** Once this has resolved both messages are on disk, whether their readers are online or not. */
async function takeOrder(order: URLSearchParams) {
  const customer = order.get('customer') ?? 'ann';
  const item = order.get('item') ?? 'teapot';
  const [toCustomer] = await Promise.all([
    hub.api.sendToUser(customer, { text: `Thank you for your order: one ${item}.` }, { sender_id: 'shop', type: 'order' }),
    hub.api.sendToRoom(staffRoom, { text: `${customer} wants one ${item}.` }, { sender_id: 'shop', type: 'order' }),
  ]);
  return { customer, item, message_id: toCustomer.message_id };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Clients are told to come back, what was accepted is stored, and then the process ends by itself. */
async function stop(): Promise<void> {
  server.close();
  await hub.close();
}
