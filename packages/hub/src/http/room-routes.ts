import { Type } from 'typebox';
import { roomNotFound } from './failures.ts';
import type { HttpApi } from './ports.ts';
import { failure, page, room, rooms } from './schemas.ts';
import type { App } from './type-provider.ts';

const params = Type.Object({ room_id: Type.String() });

/** `GET /api/rooms` and `GET /api/rooms/:room_id`. Requests are not authenticated, so a private room looks like none. */
export function roomRoutes(app: App, api: HttpApi): void {
  app.get('/api/rooms', { schema: { querystring: page, response: { 200: rooms } } }, ({ query }) =>
    api.rooms({ ...query, include_private: false }),
  );

  app.get(
    '/api/rooms/:room_id',
    { schema: { params, querystring: page, response: { 200: room, 404: failure } } },
    async (request, reply) => {
      const found = await api.room(request.params.room_id);
      if (found === undefined || found.is_private) return reply.code(404).send(roomNotFound);
      const { members, has_more } = await api.members(found.room_id, request.query);
      return { ...found, members: members.map((member) => member.user_id), has_more };
    },
  );
}
