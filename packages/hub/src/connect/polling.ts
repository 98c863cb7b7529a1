/**
 * The HTTP long-polling transport: the client keeps one GET open for what is sent to it, and brings what
 * it sends in POSTs, one at a time.
 *
 *     GET pending ──write──► answered, its bytes count until the system took them ──► next GET
 *         │ aborted                     │ aborted
 *         └──────────► the session ends ◄┘        (packets may be lost; the log delivers them again)
 *
 * A POST is answered when its packets were handled, so a client that is sent more than it takes brings nothing new meanwhile.
 * A second GET or POST beside an open one ends the session too, since the order of packets could not be kept.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EnginePacket } from '@parley/protocol';
import { decodePayload, HubError, handshakeErrors, joinRecords, toFailure } from '@parley/protocol';
import type { CloseReason } from '../ports/connection.ts';
import type { BodyRefusal } from './body.ts';
import { readBody } from './body.ts';
import type { ConnectOptions, RefusalReason } from './options.ts';
import type { Outgoing } from './outgoing.ts';
import { closePacket, noopPacket } from './outgoing.ts';
import { answerError, answerJson, answerText } from './respond.ts';
import type { Transport, TransportListener } from './transport.ts';
import { noListener } from './transport.ts';

/** The stock Python client (python-engineio) breaks off at a body with more packets than this. */
const recordsMax = 16;

/**
 * After these the client is meant to connect anew. The stock Python client stays away after a close packet; after an empty answer its
 * next poll finds no session, and it comes back, as others do.
 */
const comesBack: ReadonlySet<CloseReason> = new Set(['server shutting down', 'forced close', 'ping timeout']);

export class PollingTransport implements Transport {
  readonly name = 'polling';
  readonly #options: ConnectOptions;
  readonly #onRefused: (reason: RefusalReason) => void;
  listener: TransportListener = noListener;
  /** The GET that waits for packets. */
  #poll: ServerResponse | undefined;
  /** A POST is coming in, or is not answered yet. */
  #isPosting = false;
  #isPaused = false;
  /** A POST whose packets have not all been handled. */
  #unanswered: ServerResponse | undefined;
  #closed: CloseReason | undefined;
  #takenBytes = 0;
  /** Of a POST's body that is coming in. */
  #incompleteBytes = 0;
  #cancelBody = () => {};

  constructor(options: ConnectOptions, onRefused: (reason: RefusalReason) => void) {
    this.#options = options;
    this.#onRefused = onRefused;
  }

  get writable(): boolean {
    return this.#poll !== undefined;
  }

  get incompleteBytes(): number {
    return this.#incompleteBytes;
  }

  get bufferedBytes(): number {
    return this.#takenBytes;
  }

  handleRequest(req: IncomingMessage, res: ServerResponse): void {
    if (this.#closed !== undefined) this.#refuse(res, 'sessionUnknown');
    else if (req.method === 'GET') this.#onGet(res);
    else if (req.method === 'POST') this.#onPost(req, res);
    else this.#refuse(res, 'badMethod');
  }

  write(packets: readonly Outgoing[]): readonly Outgoing[] {
    const poll = this.#poll;
    if (poll === undefined) return packets;
    this.#poll = undefined;
    const singles = packets.flatMap((outgoing) => outgoing.packets);
    const records: string[] = [];
    let bytes = 0;
    for (const { payload } of singles) {
      const recordBytes = Buffer.byteLength(payload) + 1;
      if (records.length === recordsMax || (records.length > 0 && bytes + recordBytes > this.#options.packetBytesMax)) break;
      records.push(payload);
      bytes += recordBytes;
    }
    this.#takenBytes += bytes;
    // After the listener of #onGet, which sees that the poll is no longer pending and leaves this case to us.
    const { socket } = poll;
    // Node 22 also calls an answer finished whose connection was lost meanwhile.
    poll.on('close', () => this.#onAnswered(bytes, poll.writableFinished && !socket?.errored));
    answerText(poll, joinRecords(records));
    return singles.slice(records.length);
  }

  trust(): void {}

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#answerPost();
  }

  close(reason: CloseReason, byClient: boolean): void {
    this.#closed ??= reason;
    // Of a session that is over nothing is kept.
    if (this.listener === noListener) this.#cancelBody();
    this.#answerPost();
    this.write([byClient || comesBack.has(reason) ? noopPacket : closePacket]);
  }

  #onGet(res: ServerResponse): void {
    if (this.#poll !== undefined) {
      this.#onOverlap(res);
      return;
    }
    this.#poll = res;
    res.on('close', () => {
      if (this.#poll !== res) return;
      this.#poll = undefined;
      this.listener.onEnd('transport close');
    });
    this.listener.onWritable();
  }

  #onAnswered(bytes: number, isTaken: boolean): void {
    this.#takenBytes -= bytes;
    if (isTaken && this.#closed === undefined) this.listener.onTaken();
    else this.listener.onEnd('transport close');
  }

  #onPost(req: IncomingMessage, res: ServerResponse): void {
    if (this.#isPosting) {
      this.#onOverlap(res);
      return;
    }
    this.#isPosting = true;
    this.#cancelBody = readBody(req, this.#options.packetBytesMax, {
      onBytes: (bytes) => this.#hold(bytes),
      onDone: (body) => {
        this.#hold(0);
        if (typeof body === 'string') this.#isPosting = false;
        if (body === 'unwanted') answerError(res, 'sessionUnknown');
        else if (body === 'aborted') this.listener.onEnd('transport close');
        else if (typeof body === 'string') this.#refuseBody(res, body);
        else this.#onBody(body.text, res);
      },
    });
  }

  #hold(bytes: number): void {
    this.#incompleteBytes = bytes;
    this.listener.onHeld();
  }

  #onBody(text: string, res: ServerResponse): void {
    const packets = decodePayload(text, this.#options.payloadPacketsMax);
    if (packets === undefined) {
      this.#refuseBody(res, 'malformed');
      return;
    }
    // The session ended, or a WebSocket took over, while the body came in.
    if (this.#closed !== undefined) {
      this.#refuse(res, 'badRequest');
      return;
    }
    this.#unanswered = res;
    res.on('close', () => {
      if (this.#unanswered === res) this.listener.onEnd('transport close');
    });
    this.#receive(packets);
    if (!this.#isPaused) this.#answerPost();
  }

  #answerPost(): void {
    const res = this.#unanswered;
    if (res === undefined) return;
    this.#unanswered = undefined;
    this.#isPosting = false;
    if (this.#closed === 'parse error') this.#refuse(res, 'badRequest');
    else answerText(res, 'ok');
  }

  #receive(packets: readonly EnginePacket[]): void {
    for (const packet of packets) {
      if (this.#closed !== undefined) return;
      this.listener.onPacket(packet);
    }
  }

  #refuseBody(res: ServerResponse, refusal: Exclude<BodyRefusal, 'aborted' | 'unwanted'>): void {
    this.listener.onEnd('parse error');
    if (refusal === 'malformed') {
      this.#refuse(res, 'badRequest');
      return;
    }
    this.#onRefused(refusal);
    if (refusal === 'packet_too_large') answerJson(res, 413, toFailure(new HubError('packet_too_large')));
    else answerJson(res, 415, { code: handshakeErrors.badRequest.code, message: 'Send the body without a Content-Encoding' });
  }

  #onOverlap(res: ServerResponse): void {
    this.listener.onEnd('transport error');
    this.#refuse(res, 'badRequest');
  }

  #refuse(res: ServerResponse, name: keyof typeof handshakeErrors): void {
    this.#onRefused(name);
    answerError(res, name);
  }
}
