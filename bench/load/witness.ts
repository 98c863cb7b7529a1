/** The thread of a client that has nothing to do with what is measured and only asks the hub for a pong, again and again. */
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

const url = String(workerData);
const pauseMs = 5;
const roundTripsMs: number[] = [];
let isOver = false;
let askedMs = 0;

const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });

function ask(): void {
  if (isOver) return;
  askedMs = performance.now();
  socket.send('42["ping_hub",{}]');
}

function onText(text: string): void {
  if (text.startsWith('0')) socket.send('40{"user_id":"witness"}');
  else if (text === '2') socket.send('3');
  else if (text.startsWith('42["registered"')) {
    parentPort?.postMessage('ready');
    ask();
  } else if (text.startsWith('42["pong_hub"')) {
    roundTripsMs.push(performance.now() - askedMs);
    setTimeout(ask, pauseMs);
  }
}

socket.on('message', (data) => onText(String(data)));
parentPort?.once('message', () => {
  isOver = true;
  socket.terminate();
  parentPort?.postMessage(roundTripsMs.sort((a, b) => a - b));
});
