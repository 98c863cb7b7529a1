/** The stock Socket.IO client, with a memory of everything that came. */
import { type CommandName, type CommandPayload, sentEventProblem, sentReplyProblem } from '@parley/protocol';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';

/** The payload of an event or the reply to one. */
export interface Payload {
  readonly [key: string]: unknown;
}

export interface ReceivedEvent {
  readonly name: string;
  readonly payload: Payload;
}

export interface Client {
  readonly socket: Socket;
  /** Everything that came, in the order in which it came. */
  readonly received: readonly ReceivedEvent[];
  /** Sends an event with an acknowledgement callback and resolves with the hub's reply, a failure too. */
  send<Name extends CommandName>(name: Name, payload: CommandPayload<Name>): Promise<Payload>;
  /** The same for what the types would not let pass. */
  sendRaw(name: string, ...args: readonly unknown[]): Promise<Payload>;
  /** The payloads of all events of this name so far. */
  all(name: string): Payload[];
  /** Resolves with the first `count` events of this name, counted from the first connect; rejects after `timeoutMs`, saying what came instead. */
  waitFor(name: string, count?: number, timeoutMs?: number): Promise<Payload[]>;
  /** Resolves when everything that the hub had sent to this client has arrived: what is not there now was not sent. */
  settled(): Promise<void>;
  readonly close: () => void;
}

export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

const replyTimeoutMs = 10_000;

/** Connects; rejects if the hub refuses or can't be reached. */
export async function connectClient(url: string, options: ClientOptions = {}): Promise<Client> {
  const socket = io(url, { transports: ['websocket'], reconnectionDelay: 50, reconnectionDelayMax: 200, ...options, forceNew: true });
  const client = recordingClient(socket);
  await new Promise<void>((resolve, reject) => {
    const refused = (error: Error) => {
      socket.disconnect();
      reject(error);
    };
    socket.once('connect_error', refused);
    socket.once('connect', () => {
      // Later failures to connect are the client's own business: it tries again.
      socket.off('connect_error', refused);
      resolve();
    });
  });
  return client;
}

/** Connects and registers as a user. The reply is checked: a refusal rejects. */
export async function connectAs(
  url: string,
  userId: string | number,
  options: ClientOptions & { readonly register?: Omit<CommandPayload<'register'>, 'user_id'> } = {},
): Promise<Client & { readonly registered: Payload }> {
  const { register, ...clientOptions } = options;
  const client = await connectClient(url, clientOptions);
  const registered = await client.send('register', { user_id: userId, ...register });
  if (registered.status === 'success') return { ...client, registered };
  client.close();
  throw new Error(`${userId} could not register: ${JSON.stringify(registered)}`);
}

function recordingClient(socket: Socket): Client {
  const received: ReceivedEvent[] = [];
  const waiting = new Set<() => void>();
  socket.onAny((name: string, payload: Payload) => {
    refuse(sentEventProblem(name, payload));
    received.push({ name, payload });
    for (const look of waiting) look();
  });
  const all = (name: string) => received.filter((event) => event.name === name).map((event) => event.payload);
  const sendRaw = async (name: string, ...args: readonly unknown[]): Promise<Payload> => {
    const reply = await socket.timeout(replyTimeoutMs).emitWithAck(name, ...args);
    refuse(sentReplyProblem(reply));
    return reply;
  };

  return {
    socket,
    received,
    send: sendRaw,
    sendRaw,
    all,
    waitFor(name, count = 1, timeoutMs = 5000) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = all(name);
          if (found.length < count) return;
          finish();
          resolve(found.slice(0, count));
        };
        const finish = () => {
          waiting.delete(look);
          clearTimeout(timeout);
        };
        const timeout = setTimeout(() => {
          finish();
          reject(
            new Error(`${all(name).length} of ${count} "${name}" came in ${timeoutMs} ms. All that came: ${JSON.stringify(received)}`),
          );
        }, timeoutMs);
        waiting.add(look);
        look();
      });
    },
    async settled() {
      await sendRaw('ping_hub', {});
    },
    close() {
      socket.disconnect();
    },
  };
}

/** What a hub sends has the form that the protocol's tables promise. */
function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}
