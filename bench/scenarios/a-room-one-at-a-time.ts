import { fanOutFigures, runFanOut } from './fan-out.ts';
import type { Scenario } from './scenario.ts';

export const roomOneAtATime: Scenario = {
  id: 'a',
  title: 'Room fan-out, one message at a time',
  method:
    'One sender, 1,000 receivers in one room, 130 bytes of content. The next message is sent when everybody has the last one. ' +
    'In Parley every message is also on disk before anybody gets it.',
  systems: ['parley', 'socket.io', 'ws prepared', 'ws send', 'bun publish'],
  figures: fanOutFigures,
  run: (run) => runFanOut(run, { receivers: run.scale.isQuick ? 50 : 1000, inFlight: 1, seconds: run.scale.seconds }),
};
