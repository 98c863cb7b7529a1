/** One client program of the run: it registers on each of its connections, by handshake or by event, sends, receives, and notes all of it. */
import type { Payload } from '../../support/client.ts';
import type { Disturbance, Link, LinkHandlers } from '../clients/link.ts';
import { allStreams } from '../history/events.ts';
import { isInbox } from '../history/world.ts';
import type { ActorPlan } from '../plan.ts';
import type { Recorder } from '../recorder.ts';
import type { Seeded } from '../seeded.ts';
import { Acknowledger } from './acknowledger.ts';
import { MembershipKeeper, type Operation } from './membership-keeper.ts';
import { Sender } from './sender.ts';

export interface ActorPorts {
  readonly recorder: Recorder;
  readonly random: Seeded;
  readonly makeLink: (plan: ActorPlan, handlers: LinkHandlers, random: Seeded, auth: object) => Link;
  /** Users who may be written to. */
  readonly recipients: readonly number[];
  readonly acknowledgeDelayMs: { readonly min: number; readonly max: number };
  /** Refusals of an `ack` that say nothing of it. */
  readonly passingCodes: ReadonlySet<string>;
  /** For so long after a connection ended, an event that was sent on it may still be carried out. */
  readonly lateMs: number;
}

const registerAgainMs = 300;
const wanderMs = { min: 1_500, max: 4_000 };

export class Actor {
  readonly plan: ActorPlan;
  readonly #ports: ActorPorts;
  readonly #link: Link;
  readonly #sender: Sender;
  readonly #memberships: MembershipKeeper;
  readonly #acknowledger: Acknowledger;
  #connection: number | undefined;
  #node = 0;
  #isRegistered = false;
  /** What the hub announced at `register`, less what came since. */
  #waiting = 0;
  #wandering: NodeJS.Timeout | undefined;

  constructor(plan: ActorPlan, ports: ActorPorts) {
    this.plan = plan;
    this.#ports = ports;
    const { recorder, random } = ports;
    this.#link = ports.makeLink(plan, this.#handlers(), random, plan.hasIdentityInHandshake ? this.#identity() : {});
    this.#sender = new Sender({
      ...{ recorder, random, recipients: ports.recipients, window: plan.window },
      rooms: [...plan.rooms, ...plan.wanders],
      emit: (name, payload, onReply) => this.#link.emit(name, payload, onReply),
    });
    this.#memberships = new MembershipKeeper({
      lateMs: ports.lateMs,
      send: (operation, stream, onReply) => this.#changeMembership(operation, stream, onReply),
      onDone: (operation, stream) => this.#note(operation === 'join' ? 'joined' : 'left', stream),
    });
    this.#acknowledger = new Acknowledger({
      random,
      delayMs: ports.acknowledgeDelayMs,
      send: (stream, seq, onReply) => this.#acknowledge(stream, seq, onReply),
      onAcknowledged: (stream, seq) => {
        if (this.#connection !== undefined) recorder.add({ kind: 'acknowledged', connection: this.#connection, stream, seq });
      },
    });
  }

  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** The node of its latest connection. */
  get node(): number {
    return this.#node;
  }

  /** Everything that was sent has an outcome, and the memberships are what they should be. */
  get isSettled(): boolean {
    return this.#sender.isIdle && this.#memberships.isIdle;
  }

  /** Everything that was queued at `register` has come, and is acknowledged if that is on this client. */
  get hasCaughtUp(): boolean {
    return this.#isRegistered && this.#waiting <= 0 && this.#acknowledger.isIdle;
  }

  start(): void {
    this.#link.start();
    for (const stream of this.plan.rooms) this.#memberships.want(stream, true);
  }

  beginToSend(): void {
    if (this.plan.window > 0) this.#sender.begin();
    if (this.plan.wanders.length > 0) this.#wander();
  }

  finish(): void {
    this.#sender.finish();
    clearTimeout(this.#wandering);
  }

  disturb(disturbance: Disturbance): void {
    this.#link.disturb(disturbance);
  }

  stop(): void {
    this.finish();
    this.#link.stop();
  }

  /** Asks the hub something that the history does not record. */
  ask(name: string, payload: object, onReply: (reply: Payload) => void): void {
    if (this.#isRegistered) this.#link.emit(name, payload, onReply);
  }

  /** For a failure to name who is not ready. */
  toString(): string {
    const state = this.#connection === undefined ? 'not connected' : this.#isRegistered ? 'registered' : 'not registered';
    return `${this.plan.name} (${state}, ${this.#sender.inFlight} unanswered, ${this.#waiting} to come)`;
  }

  #handlers(): LinkHandlers {
    const { recorder } = this.#ports;
    return {
      onOpen: (node) => {
        this.#node = node;
        this.#connection = recorder.open(this.plan.reader, node);
        if (!this.plan.hasIdentityInHandshake) this.#register(this.#connection);
      },
      onEvent: (name, payload) => {
        if (name === 'message' || name === 'room_message') this.#receive(payload);
        else if (name === 'registered' && this.#connection !== undefined) this.#onRegistered(this.#connection, payload);
      },
      onPing: () => {
        const isAcknowledgement = this.#isRegistered && !this.#isExplicit;
        if (isAcknowledgement && this.#connection !== undefined) {
          recorder.add({ kind: 'acknowledged', connection: this.#connection, stream: allStreams, seq: 0 });
        }
      },
      onUnsure: () => {
        if (this.#connection !== undefined) recorder.add({ kind: 'unsure', connection: this.#connection });
      },
      onClose: (silent) => this.#onClose(silent),
    };
  }

  get #isExplicit(): boolean {
    return this.#ports.recorder.world.readers[this.plan.reader]?.explicitAck ?? false;
  }

  /** The payload of `register`, or what the handshake says. */
  #identity(): object {
    const { world } = this.#ports.recorder;
    const reader = world.readers[this.plan.reader];
    if (reader === undefined) return {};
    const device = reader.device === '' ? {} : { device_id: reader.device };
    const ack = reader.explicitAck ? { ack: 'explicit' } : {};
    return { user_id: world.users[reader.user], ...device, ...ack };
  }

  #register(connection: number): void {
    this.#link.emit('register', this.#identity(), (reply) => this.#onRegistered(connection, reply));
  }

  #onRegistered(connection: number, reply: Payload): void {
    if (reply.status !== 'success') {
      setTimeout(() => {
        if (this.#connection === connection) this.#register(connection);
      }, registerAgainMs);
      return;
    }
    const queued = Number(reply.queued);
    this.#ports.recorder.add({ kind: 'registered', connection, queued, missed: Number(reply.missed) });
    this.#isRegistered = true;
    this.#waiting = queued;
    this.#memberships.connected();
    this.#sender.connected(connection);
  }

  #receive(payload: Payload): void {
    if (this.#connection === undefined) return;
    const { stream, seq } = this.#ports.recorder.delivered(this.#connection, payload);
    this.#waiting -= 1;
    if (this.#isExplicit) this.#acknowledger.received(stream, seq);
  }

  #onClose(silent: boolean): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#sender.disconnected();
    this.#memberships.disconnected();
    this.#acknowledger.reset();
    this.#connection = undefined;
    this.#isRegistered = false;
    this.#ports.recorder.add({ kind: 'closed', connection, silent });
  }

  #changeMembership(operation: Operation, stream: number, onReply: (isDone: boolean) => void): void {
    this.#note(operation, stream);
    const name = operation === 'join' ? 'join_room' : 'leave_room';
    this.#link.emit(name, { room_id: this.#roomId(stream) }, (reply) => {
      // Who repeats a leave may be told that it took effect the first time.
      onReply(reply.status === 'success' || (operation === 'leave' && reply.code === 'not_member'));
    });
  }

  #acknowledge(stream: number, seq: number, onReply: (isDone: boolean) => void): void {
    const { recorder } = this.#ports;
    const place = isInbox(recorder.world, stream) ? {} : { room_id: this.#roomId(stream) };
    this.#link.emit('ack', { seq, ...place }, (reply) => {
      if (reply.status !== 'success' && !this.#ports.passingCodes.has(String(reply.code))) {
        recorder.fault({
          check: 'acknowledging',
          problem: `${this.plan.name} received seq ${seq}, and its ack was refused with ${reply.code}`,
          stream,
          seq,
        });
      }
      onReply(reply.status === 'success');
    });
  }

  #wander(): void {
    const { random } = this.#ports;
    for (const stream of this.plan.wanders) this.#memberships.want(stream, !this.#memberships.isMember(stream));
    this.#wandering = setTimeout(() => this.#wander(), random.between(wanderMs.min, wanderMs.max));
  }

  #note(kind: 'join' | 'joined' | 'leave' | 'left', stream: number): void {
    if (this.#connection !== undefined) this.#ports.recorder.add({ kind, connection: this.#connection, stream });
  }

  #roomId(stream: number): string | undefined {
    const { world } = this.#ports.recorder;
    return world.rooms[stream - world.users.length];
  }
}
