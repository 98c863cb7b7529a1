import { roomOneAtATime } from './a-room-one-at-a-time.ts';
import { roomInFlight } from './b-room-in-flight.ts';
import { manyRooms } from './c-many-rooms.ts';
import { direct } from './d-direct.ts';
import { offline } from './e-offline.ts';
import { connectAndRegister } from './f-connect.ts';
import { idleMemory } from './g-memory.ts';
import { latency } from './h-latency.ts';
import { growth } from './i-growth.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  roomOneAtATime,
  roomInFlight,
  manyRooms,
  direct,
  offline,
  connectAndRegister,
  idleMemory,
  latency,
  growth,
];
