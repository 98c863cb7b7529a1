import type { ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HandshakeErrorName } from '@parley/protocol';
import { handshakeErrors } from '@parley/protocol';

/** Answers of the Engine.IO endpoint. Nothing may cache them: they belong to one session. Does nothing if the answer was begun. */
export function answerText(res: ServerResponse, text: string): void {
  answer(res, 200, 'text/plain; charset=UTF-8', text);
}

export function answerJson(res: ServerResponse, status: number, body: object): void {
  answer(res, status, 'application/json', JSON.stringify(body));
}

/** `{"code":1,"message":"Session ID unknown"}` and the status that goes with it. */
export function answerError(res: ServerResponse, name: HandshakeErrorName): void {
  const { code, message, httpStatus } = handshakeErrors[name];
  answerJson(res, httpStatus, { code, message });
}

/**
 * Node hands out the socket of an upgrade without a listener, and an error without one would end the process.
 * The stream destroys itself. A function of its own, because a closure would keep the request for as long as the socket.
 */
export function ignoreErrors(socket: Duplex): void {
  socket.on('error', ignore);
}

function ignore(): void {}

/** Answers a request for an upgrade with an HTTP error, and closes its socket. */
export function rejectUpgrade(socket: Duplex, status: number, body: object): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const text = JSON.stringify(body);
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

function answer(res: ServerResponse, status: number, contentType: string, text: string): void {
  if (res.headersSent) return;
  res.writeHead(status, { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(text), 'Cache-Control': 'no-store' });
  res.end(text);
}
