import { fanOutFigures, runFanOut } from './fan-out.ts';
import type { Scenario } from './scenario.ts';

export const roomInFlight: Scenario = {
  id: 'b',
  title: 'Room fan-out, 20 messages in flight',
  method: 'As (a), but the sender writes 20 messages together, and the next 20 when everybody has all of them.',
  systems: ['parley', 'socket.io', 'ws prepared', 'ws send', 'bun publish'],
  figures: fanOutFigures,
  run: (run) => runFanOut(run, { receivers: run.scale.isQuick ? 50 : 1000, inFlight: 20, seconds: run.scale.seconds }),
};
