/**
 * As much of Engine.IO 3 as it takes to tell a client of Socket.IO 1 or 2 why it is refused: its library raises `error` with the
 * sentence of an ERROR packet, and stays away after a DISCONNECT packet. A polling body has each packet behind its length in
 * characters. The answer is the same for everybody and nothing is kept of whom it was given to.
 */
import { type EnginePacket, encodeEnginePacket } from '@parley/protocol';
import { OutgoingEnginePacket } from './outgoing.ts';

export const OLD_ENGINE_PROTOCOL = 3;

const sentence =
  'This hub speaks Socket.IO protocol 5 (Engine.IO 4). Use a client library for it, such as socket.io-client 3 or 4 for JavaScript.';
// There is no session, but the library wants to read of one before anything else.
const open = JSON.stringify({ sid: 'refused', upgrades: [], pingInterval: 25_000, pingTimeout: 20_000 });
const packets: readonly EnginePacket[] = [
  { type: 'open', data: open },
  { type: 'message', data: `4${JSON.stringify(sentence)}` },
  { type: 'message', data: '1' },
];

/** For a WebSocket, which is then closed. */
export const protocol3Refusal = packets.map((packet) => new OutgoingEnginePacket(packet));

/** For a poll, with the close of the session. */
export const protocol3Payload = [...packets, { type: 'close', data: '' } as const]
  .map(encodeEnginePacket)
  .map((text) => `${text.length}:${text}`)
  .join('');
