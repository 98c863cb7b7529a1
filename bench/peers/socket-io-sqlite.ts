/**
 * What a Node developer writes in an afternoon to have messages kept for those who are offline: Socket.IO, and one
 * SQLite row for each message, committed before the sender is told.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Server } from 'socket.io';
import { announce } from './announce.ts';

interface Row {
  id: number;
  sender_id: number;
  recipient_id: number;
  content: string;
  created_at: number;
}

const db = new Database(join(process.argv[2] ?? '.', 'messages.db'));
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY,
    sender_id INTEGER NOT NULL,
    recipient_id INTEGER NOT NULL,
    content TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    created_at REAL NOT NULL
  );
  CREATE INDEX IF NOT EXISTS undelivered ON messages (recipient_id, id) WHERE delivered = 0;
`);
const insert = db.prepare<[number, number, string, number, number]>(
  'INSERT INTO messages (sender_id, recipient_id, content, delivered, created_at) VALUES (?, ?, ?, ?, ?)',
);
const waiting = db.prepare<[number], Row>('SELECT * FROM messages WHERE recipient_id = ? AND delivered = 0 ORDER BY id');
const markDelivered = db.prepare<[number]>('UPDATE messages SET delivered = 1 WHERE recipient_id = ? AND delivered = 0');

const server = createServer();
const io = new Server(server, { serveClient: false });
const online = new Map<number, string>();

io.on('connection', (socket) => {
  let userId = 0;
  socket.on('register', ({ user_id }: { user_id: number }) => {
    userId = user_id;
    online.set(user_id, socket.id);
    socket.emit('registered', { user_id });
    for (const { id, sender_id, content, created_at } of waiting.all(user_id)) {
      socket.emit('message', { id, sender_id, recipient_id: user_id, content, timestamp: created_at });
    }
    markDelivered.run(user_id);
  });
  socket.on('message', ({ recipient_id, content }: { recipient_id: number; content: string }, reply: (answer: object) => void) => {
    const timestamp = Date.now() / 1000;
    const recipient = online.get(recipient_id);
    const { lastInsertRowid } = insert.run(userId, recipient_id, content, recipient === undefined ? 0 : 1, timestamp);
    const id = Number(lastInsertRowid);
    reply({ status: 'success', message_id: id });
    if (recipient !== undefined) io.to(recipient).emit('message', { id, sender_id: userId, recipient_id, content, timestamp });
  });
  socket.on('disconnect', () => {
    if (online.get(userId) === socket.id) online.delete(userId);
  });
});

announce(server, [
  `better-sqlite3, journal_mode=${db.pragma('journal_mode', { simple: true })}, synchronous=${db.pragma('synchronous', { simple: true })} (2 is FULL)`,
  'one INSERT, committed, for each message; marked as delivered when it is handed to the socket, without proof of receipt',
]);
