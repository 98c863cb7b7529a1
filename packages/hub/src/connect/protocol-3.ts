/**
 * As much of Engine.IO 3 as it takes to tell a client of Socket.IO 1 or 2 why it is refused: its library raises `error` with the
 * sentence of an ERROR packet, and stays away after a DISCONNECT packet. A polling body has each packet behind its length in
 * characters. The answer is the same for everybody and nothing is kept of whom it was given to.
 */
import { enginePacket } from './outgoing.ts';

export const OLD_ENGINE_PROTOCOL = 3;

const sentence =
  'This hub speaks Socket.IO protocol 5 (Engine.IO 4). Use a client library for it, such as socket.io-client 3 or 4 for JavaScript.';
// There is no session, but the library wants to read of one before anything else.
const open = `0${JSON.stringify({ sid: 'refused', upgrades: [], pingInterval: 25_000, pingTimeout: 20_000 })}`;
const texts = [open, `44${JSON.stringify(sentence)}`, '41'];

/** For a WebSocket, which is then closed. */
export const protocol3Refusal = texts.map(enginePacket);

/** For a poll, with the close of the session. */
export const protocol3Payload = [...texts, '1'].map((text) => `${text.length}:${text}`).join('');
