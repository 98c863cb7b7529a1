/** Compiled against the published types, with the libraries' own checks on. */
import { createServer } from 'node:http';
import { createHub, type Hub, type HubOptions } from '@parley/hub';
import { type ErrorCode, errorTable } from '@parley/protocol';
import type { ClientToServerEvents, ServerToClientEvents } from '@parley/protocol/types';
import { io, type Socket } from 'socket.io-client';

const options: HubOptions = { data: ':memory:' };
const hub: Hub = await createHub(options);
hub.attach(createServer());
hub.subscribe((event) => console.log(event.type));
export const code: ErrorCode = Object.keys(errorTable)[0] as ErrorCode;
await hub.close();

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io('http://localhost:5000', { auth: { user_id: 'ann' } });
socket.on('message', (message) => console.log(message.seq));
socket.emit('message', { recipient_id: 'bob', content: 'Hello' }, (reply) => console.log(reply.status));
