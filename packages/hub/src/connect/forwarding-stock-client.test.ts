import { io, type Socket } from 'socket.io-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startNodes, startRoundRobin } from './cluster.test-support.ts';
import { collect, once, upTo } from './socket-events.test-support.ts';

async function connectTo(url: string, transports: string[]): Promise<Socket> {
  const socket = io(url, { forceNew: true, transports, reconnectionDelay: 1, randomizationFactor: 0 });
  onTestFinished(() => {
    socket.close();
  });
  await once(socket, 'connect');
  return socket;
}

describe.each([
  { name: 'websocket only', transports: ['websocket'] },
  { name: 'polling only', transports: ['polling'] },
  { name: 'polling, then an upgrade', transports: ['polling', 'websocket'] },
])('a stock client over two nodes without sticky sessions, $name', ({ transports }) => {
  test('1,000 events each way arrive once and in order, and nothing is connected anew', async () => {
    const { nodes } = await startNodes(2);
    const socket = await connectTo((await startRoundRobin(nodes)).url, transports);
    const received = collect(socket, 'burst', 1000);
    for (const index of upTo(1000)) {
      socket.emit('burst', index);
      if (index % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    expect(await received).toEqual(upTo(1000));
    expect(await socket.emitWithAck('sum', 1)).toBe(1);
    expect(nodes.flatMap((node) => node.connections)).toHaveLength(1);
    expect(nodes.flatMap((node) => node.refused)).toEqual([]);
    if (transports.length === 2) await expect.poll(() => nodes.flatMap((node) => node.connections)[0]?.transport).toBe('websocket');
    if (transports.includes('polling')) expect(nodes.flatMap((node) => node.forwarded).length).toBeGreaterThan(0);
  });

  test('large packets and binary data go both ways', async () => {
    const { nodes } = await startNodes(2);
    const socket = await connectTo((await startRoundRobin(nodes)).url, transports);
    const text = 'ü'.repeat(400_000);
    const bytes = Buffer.alloc(500_000, 7);
    expect(await socket.emitWithAck('text', text)).toBe(text);
    socket.emit('binary', bytes);
    expect((await once(socket, 'binary'))[0]).toEqual(bytes);
    expect(nodes.flatMap((node) => node.connections)).toHaveLength(1);
  });

  test('a client whose node is closed connects anew at once, to the other one', async () => {
    const { nodes, table } = await startNodes(2);
    const behind = [...nodes];
    const socket = await connectTo((await startRoundRobin(behind)).url, transports);
    await socket.emitWithAck('x');
    const owner = nodes.find((node) => node.connections.length === 1);
    const other = nodes.find((node) => node !== owner);
    if (owner === undefined || other === undefined) throw new Error('no owner');
    const back = once(socket, 'connect');
    behind.splice(behind.indexOf(owner), 1);
    table.delete(owner.node);
    await Promise.all([owner.protocol.close(), owner.internal.close()]);
    await back;
    expect(await socket.emitWithAck('y', 1)).toBe(1);
    expect(other.connections).toHaveLength(1);
  });
});
