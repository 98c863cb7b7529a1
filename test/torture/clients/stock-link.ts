/** The stock Socket.IO client, with its own reconnection. */
import { io } from 'socket.io-client';
import type { Payload } from '../../support/client.ts';
import type { Addresses, Disturbance, Link, LinkHandlers } from './link.ts';

export type StockTransports = 'websocket' | 'polling' | 'upgrade';

/** Ends that the hub learns of: everything but a client that gave up waiting. */
const silentReasons: ReadonlySet<string> = new Set(['ping timeout', 'transport error']);

/** `auth`: what it says in its handshake. */
export function stockLink(addresses: Addresses, transports: StockTransports, handlers: LinkHandlers, auth: object): Link {
  let { node, port } = addresses.dial();
  const socket = io(urlOf(port), {
    transports: transports === 'upgrade' ? ['polling', 'websocket'] : [transports],
    autoConnect: false,
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 300,
    timeout: 5_000,
    auth: { ...auth },
  });
  /** Replies to what an earlier connection sent are nobody's: the client may keep a packet and send it on the next one. */
  let connection = 0;
  let isOpen = false;
  let isStopped = false;
  let comeBack: NodeJS.Timeout | undefined;
  /** The stock client has one URL for its life: whoever has several puts another in its place before each dial. */
  const chooseNode = (): void => {
    ({ node, port } = addresses.dial());
    Reflect.set(socket.io, 'uri', urlOf(port));
  };
  const comeBackIn = (delayMs: number): void => {
    clearTimeout(comeBack);
    comeBack = setTimeout(() => {
      chooseNode();
      socket.connect();
    }, delayMs);
  };
  socket.io.on('reconnect_attempt', chooseNode);
  const begin = (): void => {
    isOpen = true;
    connection += 1;
    handlers.onOpen(node);
  };
  const end = (isSilent: boolean): void => {
    if (!isOpen) return;
    isOpen = false;
    connection += 1;
    handlers.onClose(isSilent);
  };
  // A handshake with an identity is all that the hub needs to write to this client, so what it has read by then counts as earlier.
  if (Object.keys(auth).length > 0) socket.io.on('open', begin);
  else socket.on('connect', begin);
  socket.on('disconnect', (reason) => {
    end(silentReasons.has(reason));
    // The one end after which the stock client stays away.
    if (reason === 'io server disconnect' && !isStopped) comeBackIn(100);
  });
  // A refused CONNECT is for the application to repeat; what could not connect at all the client repeats by itself.
  socket.on('connect_error', () => {
    end(false);
    if (!socket.active && !isStopped) comeBackIn(100);
  });
  socket.onAny((name: string, payload: Payload) => handlers.onEvent(name, payload));
  socket.io.on('ping', () => {
    if (socket.connected) handlers.onPing();
  });

  return {
    start: () => void socket.connect(),
    emit(name, payload, onReply) {
      if (!socket.connected) return;
      const sentOn = connection;
      socket.emit(name, payload, (reply: Payload) => {
        if (connection === sentOn) onReply(reply);
      });
    },
    disturb(disturbance: Disturbance) {
      if (isStopped) return;
      if (disturbance.kind === 'goodbye') {
        socket.disconnect();
        comeBackIn(disturbance.awayMs);
      } else if (disturbance.kind === 'drop') {
        socket.io.engine?.close();
      }
    },
    stop() {
      isStopped = true;
      clearTimeout(comeBack);
      socket.disconnect();
    },
  };
}

const urlOf = (port: number): string => `http://127.0.0.1:${port}`;
