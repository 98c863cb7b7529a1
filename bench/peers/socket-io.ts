/** Socket.IO as its documentation sets it up for performance: rooms, no storage. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { announce } from './announce.ts';

const server = createServer();
const io = new Server(server, { serveClient: false });
// "Performance tuning" in its documentation: the first request is not kept in memory.
io.engine.on('connection', (rawSocket: { request: unknown }) => {
  rawSocket.request = null;
});

io.on('connection', (socket) => {
  socket.on('join_room', async ({ room_id }: { room_id: string }) => {
    await socket.join(room_id);
    socket.emit('joined_room', { room_id });
  });
  socket.on('room_message', ({ room_id, content }: { room_id: string; content: string }, reply: (answer: object) => void) => {
    reply({ status: 'success' });
    socket.to(room_id).emit('room_message', { room_id, sender_id: socket.id, content, timestamp: Date.now() / 1000 });
  });
});

announce(server, [
  'engine ws (its default), perMessageDeflate off (its default)',
  'initial request discarded, as "Performance tuning" says',
]);
