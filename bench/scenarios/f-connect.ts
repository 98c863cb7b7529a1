import { startMeter } from '../lib/server-process.ts';
import { Crowd } from '../load/crowd.ts';
import type { Scenario } from './scenario.ts';

const warmUpConnections = 500;

export const connectAndRegister: Scenario = {
  id: 'f',
  title: 'Connecting and registering',
  method:
    '4,000 new connections, 32 at a time, after 500 that warm the server up. Parley: WebSocket, Socket.IO and registered as a user of its own, from the ' +
    'disk; Socket.IO: WebSocket and Socket.IO; the others: WebSocket.',
  systems: ['parley', 'socket.io', 'ws send', 'bun publish'],
  figures: {
    perSecond: { label: 'connections/s' },
    cpuUs: { label: 'CPU a connection, µs' },
    serverCore: { label: 'server CPU, cores' },
    clientCore: { label: 'client CPU, cores' },
  },
  async run({ system, scale, start }) {
    if (system.dialect === undefined) throw new Error(`${system.name} takes no connections of ours`);
    const server = await start();
    const crowd = new Crowd(server.address, system.dialect);
    const [warmUp, count] = scale.isQuick ? [10, 50] : [warmUpConnections, 4000];
    const roles = Array.from({ length: warmUp + count }, (_, index) => ({ user: index + 1, room: undefined }));
    try {
      await crowd.enter(roles.slice(0, warmUp));
      const endMeter = startMeter(server);
      await crowd.enter(roles.slice(warmUp));
      const { seconds, userUs, systemUs, serverCore, clientCore } = endMeter();
      return { perSecond: count / seconds, cpuUs: (userUs + systemUs) / count, serverCore, clientCore };
    } finally {
      crowd.leaveAll();
    }
  },
};
