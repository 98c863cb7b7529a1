/** Who takes part: the fixed frame of a run, in which numbers stand for users, readers and streams. */

export interface ReaderPlan {
  readonly user: number;
  /** `''`: a connection that names no device. */
  readonly device: string;
  readonly explicitAck: boolean;
}

export interface World {
  /** Ids as on the wire. */
  readonly users: readonly (string | number)[];
  readonly rooms: readonly string[];
  readonly readers: readonly ReaderPlan[];
}

export function inboxStream(user: number): number {
  return user;
}

export function roomStream(world: World, room: number): number {
  return world.users.length + room;
}

export function isInbox(world: World, stream: number): boolean {
  return stream < world.users.length;
}

export function streamName(world: World, stream: number): string {
  if (isInbox(world, stream)) return `the inbox of ${world.users[stream]}`;
  return `the room ${world.rooms[stream - world.users.length]}`;
}

export function readerName(world: World, reader: number): string {
  const plan = world.readers[reader];
  if (plan === undefined) return `reader ${reader}`;
  return plan.device === '' ? `${world.users[plan.user]}` : `${world.users[plan.user]}/${plan.device}`;
}
