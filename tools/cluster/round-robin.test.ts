import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createRoundRobin } from './round-robin.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Answers with its name, and with what it was sent. */
async function startNode(name: string): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req.setEncoding('utf8')) body += chunk;
    res.writeHead(201, { 'x-node': name }).end(`${req.method} ${req.url} ${body} for ${req.headers['x-forwarded-for']}`);
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`${name} heard ${data}`)));
  return { port: await listen(server), server };
}

test('requests go round the nodes, and past one that is gone', async () => {
  const [a, b, c] = [await startNode('a'), await startNode('b'), await startNode('c')];
  const url = `http://127.0.0.1:${await listen(createRoundRobin({ ports: [a.port, b.port, c.port] }))}`;
  const asked = async (count: number): Promise<string> => {
    let names = '';
    for (let index = 0; index < count; index++) names += (await fetch(url)).headers.get('x-node');
    return names;
  };
  expect(await asked(6)).toMatch(/^(abcabc|bcabca|cabcab)$/);
  b.server.close();
  expect(new Set(await asked(6))).toEqual(new Set(['a', 'c']));
  const answer = await fetch(`${url}/x?y`, { method: 'POST', body: 'text' });
  expect([answer.status, await answer.text()]).toEqual([201, 'POST /x?y text for 127.0.0.1']);
});

test('a WebSocket stays with the node that it was given to', async () => {
  const [a, b] = [await startNode('a'), await startNode('b')];
  const port = await listen(createRoundRobin({ ports: [a.port, b.port] }));
  const heard = async (): Promise<readonly string[]> => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    const answers: string[] = [];
    for (const text of ['1', '2']) {
      socket.send(text);
      const [data] = await once(socket, 'message');
      answers.push(String(data));
    }
    socket.close();
    return answers;
  };
  const [first, second] = [await heard(), await heard()];
  expect([first, second].toSorted()).toEqual([
    ['a heard 1', 'a heard 2'],
    ['b heard 1', 'b heard 2'],
  ]);
});

test('without a node that listens, whoever asks is told so', async () => {
  const gone = await startNode('a');
  gone.server.close();
  const url = `http://127.0.0.1:${await listen(createRoundRobin({ ports: [gone.port] }))}`;
  expect((await fetch(url)).status).toBe(502);
});
