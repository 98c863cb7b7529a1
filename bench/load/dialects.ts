/**
 * What the clients of each WebSocket system say and hear. A message is the same text of `contentBytes` everywhere; what
 * a system adds to it (ids, time, sender) is its own business and part of what it costs.
 */
import { type Prefixes, prefix } from './frame-scanner.ts';

export const contentBytes = 130;
export const content = 'The quick brown fox jumps over the lazy dog. '.repeat(3).slice(0, contentBytes).padEnd(contentBytes, '.');

/** Who a connection is and where it belongs. Users and rooms are numbers from 1 on. */
export interface Role {
  readonly user: number;
  readonly room: number | undefined;
}

/** What to do after a text from the server that is neither a delivery nor an acknowledgement. */
export type Answer = { readonly send: string } | 'entered' | 'ignore';

export interface Dialect {
  readonly prefixes: Prefixes;
  /** Of the handshake's request. */
  path(role: Role): string;
  /** Whether a connection has entered as soon as it is open. */
  readonly entersOnOpen: boolean;
  /** Throws if the server refused something. */
  answer(text: string, role: Role): Answer;
  /** Makes a room for so many, from a connection that has entered; undefined: rooms need not be made. */
  createRoom?(room: number, membersMax: number): string;
  /** What makes a user a member for good, so that it is one as soon as it enters; undefined: entering does. */
  join?(room: number): string;
  /** To all members but the sender. */
  roomMessage(room: number): string;
  directMessage(recipient: number): string;
}

const engineIoPath = '/socket.io/?EIO=4&transport=websocket';

/** Engine.IO's and Socket.IO's greetings and heartbeats; undefined if the text is something else. */
function socketIoAnswer(text: string): Answer | undefined {
  if (text === '2') return { send: '3' };
  if (text.startsWith('0{')) return { send: '40' };
  return undefined;
}

const ackedSuccess = prefix('430[{"status":"success"');

/** Acknowledgement ids need not differ: the generator counts answers, and looks at every one that is no success. */
const acked = (name: string, payload: object): string => `420${JSON.stringify([name, payload])}`;

/** Parley: every connection registers; room and direct messages are durable. */
export const parley: Dialect = {
  prefixes: { delivery: undefined, acknowledged: ackedSuccess },
  path: () => engineIoPath,
  entersOnOpen: false,
  answer(text, { user }) {
    const greeting = socketIoAnswer(text);
    if (greeting !== undefined) return greeting;
    if (text.startsWith('40')) return { send: `42${JSON.stringify(['register', { user_id: user }])}` };
    if (text.startsWith('42["registered",')) return 'entered';
    if (text.startsWith('43') || text.startsWith('42["error"')) throw new Error(`refused: ${text}`);
    return 'ignore';
  },
  createRoom: (room, membersMax) => acked('create_room', { room_id: `room-${room}`, room_name: `Room ${room}`, max_members: membersMax }),
  join: (room) => acked('join_room', { room_id: `room-${room}` }),
  roomMessage: (room) => acked('room_message', { room_id: `room-${room}`, content, echo: false }),
  directMessage: (recipient) => acked('message', { recipient_id: recipient, content }),
};

/** Our own servers on Socket.IO: a connection names its room, and its user where there is an inbox. */
export function socketIo({ registers }: { readonly registers: boolean }): Dialect {
  return {
    prefixes: { delivery: undefined, acknowledged: ackedSuccess },
    path: () => engineIoPath,
    entersOnOpen: false,
    answer(text, { user, room }) {
      const greeting = socketIoAnswer(text);
      if (greeting !== undefined) return greeting;
      if (text.startsWith('40') && registers) return { send: `42${JSON.stringify(['register', { user_id: user }])}` };
      if (text.startsWith('40') && room !== undefined) return { send: `42${JSON.stringify(['join_room', { room_id: `room-${room}` }])}` };
      if (text.startsWith('40') || text.startsWith('42["registered"') || text.startsWith('42["joined_room"')) return 'entered';
      throw new Error(`unexpected: ${text}`);
    },
    roomMessage: (room) => acked('room_message', { room_id: `room-${room}`, content }),
    directMessage: (recipient) => acked('message', { recipient_id: recipient, content }),
  };
}

/** Servers that pass on what they get, unchanged: the room is in the path, and every text that comes is a delivery. */
export const bare: Dialect = {
  prefixes: { delivery: prefix(''), acknowledged: undefined },
  path: ({ room }) => `/room-${room ?? 0}`,
  entersOnOpen: true,
  answer: () => 'ignore',
  roomMessage: () => content,
  directMessage: () => content,
};

/** The dialect for connections that count such deliveries. */
export function counting(dialect: Dialect, what: 'room' | 'direct'): Dialect {
  if (dialect.prefixes.delivery !== undefined) return dialect;
  const delivery = prefix(what === 'room' ? '42["room_message",' : '42["message",');
  return { ...dialect, prefixes: { ...dialect.prefixes, delivery } };
}
