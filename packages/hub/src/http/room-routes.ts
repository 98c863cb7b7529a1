import { userIdToWire } from '@parley/protocol';
import { Type } from 'typebox';
import { membersToldMax } from '../ports/store.ts';
import { roomView } from '../route/views.ts';
import { roomNotFound } from './failures.ts';
import type { HttpApi } from './ports.ts';
import { failure, room, rooms } from './schemas.ts';
import type { App } from './type-provider.ts';

/** Of one answer. */
const roomsMax = 1_000;

const params = Type.Object({ room_id: Type.String() });

/** `GET /api/rooms` and `GET /api/rooms/:room_id`. */
export function roomRoutes(app: App, api: HttpApi): void {
  app.get('/api/rooms', { schema: { response: { 200: rooms } } }, async () => {
    const page = await api.rooms({ after: undefined, limit: roomsMax, includePrivate: true });
    return { rooms: page.rooms.map(summaryView), count: page.count };
  });

  app.get('/api/rooms/:room_id', { schema: { params, response: { 200: room, 404: failure } } }, async (request, reply) => {
    const roomId = request.params.room_id;
    const found = await api.room(roomId);
    if (found === undefined) return reply.code(404).send(roomNotFound);
    const { members } = await api.members({ roomId, after: undefined, limit: membersToldMax });
    return { ...summaryView(found), members: members.map((member) => userIdToWire(member.userId)) };
  });
}

function summaryView(found: Parameters<typeof roomView>[0] & { readonly memberCount: number }) {
  return { ...roomView(found), member_count: found.memberCount };
}
