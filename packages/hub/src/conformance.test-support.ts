/**
 * The server that the official protocol test suites of Engine.IO and Socket.IO expect on port 3000:
 *
 *     npm run conformance -- --layer engine.io|socket.io [--port 3000]
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { attach } from './connect/attach.ts';
import { EngineServer } from './connect/engine-server.ts';
import type { OpenSession } from './connect/engine-session.ts';
import { defaultConnectOptions, recommendedHttpOptions } from './connect/options.ts';
import { OutgoingEnginePacket } from './connect/outgoing.ts';
import { Peer } from './connect/peer.test-support.ts';
import { ProtocolServer } from './connect/server.ts';
import { ownersAlone } from './connect/session-owners.ts';
import { systemClock } from './lib/clock.ts';
import { SystemRandom } from './lib/random.ts';
import type { AcceptConnection } from './ports/connection.ts';

/** As the suites want them. */
const suiteOptions = {
  pingIntervalMs: 300,
  pingTimeoutMs: 200,
  connectTimeoutMs: 1000,
  packetBytesMax: 1_000_000,
  corsOrigins: '*',
} as const;

const echo: OpenSession = (session) => ({
  onMessage: (data) => session.send(new OutgoingEnginePacket({ type: 'message', data })),
  onDrain() {},
  onClose() {},
});

const acceptForSuite: AcceptConnection = (connection, namespace) => {
  if (namespace !== '/' && namespace !== '/custom') return { refuse: { message: 'Invalid namespace' } };
  const peer = new Peer(connection, namespace);
  peer.emit('auth', connection.handshake.auth);
  return {
    onEvent({ name, args, ackId }) {
      if (name === 'message') peer.emit('message-back', ...args);
      else if (name === 'message-with-ack' && ackId !== undefined) peer.reply(ackId, ...args);
    },
    onPong() {},
    onDrain() {},
    onClose() {},
  };
};

function createLayer(layer: string): EngineServer | ProtocolServer {
  const random = new SystemRandom();
  const deps = { clock: systemClock, random, hooks: {} };
  if (layer === 'socket.io') return new ProtocolServer({ ...deps, options: suiteOptions, accept: acceptForSuite });
  if (layer !== 'engine.io') throw new Error(`--layer must be engine.io or socket.io, not "${layer}".`);
  const options = { ...defaultConnectOptions, ...suiteOptions, path: '/engine.io/' };
  return new EngineServer({ ...deps, options, openSession: echo, owners: ownersAlone(random), forwarder: undefined });
}

const { values } = parseArgs({ options: { layer: { type: 'string', default: 'socket.io' }, port: { type: 'string', default: '3000' } } });
const server = createServer(recommendedHttpOptions);
const protocol = createLayer(values.layer);
attach(server, protocol, { otherwise: (_req, res) => res.writeHead(404).end(), onFault: (error) => console.error(error) });
server.listen(Number(values.port), () => console.log(`conformance server for ${values.layer} listening on port ${values.port}`));

async function stop(): Promise<void> {
  server.close();
  await protocol.close();
  server.closeAllConnections();
}
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
