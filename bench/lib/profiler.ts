/**
 * Loaded into a server that is to be profiled, in each of its threads: SIGUSR2 begins a CPU profile and the next one ends
 * it, so that it holds the measured part and nothing else.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { isMainThread, threadId } from 'node:worker_threads';

const session = new Session();
session.connect();
session.post('Profiler.enable');
let isRunning = false;

function toggle(): void {
  if (!isRunning) {
    session.post('Profiler.start');
  } else {
    session.post('Profiler.stop', (_error, { profile }) => {
      writeFileSync(`${process.env.BENCH_PROFILE_DIR}/${process.pid}-${Date.now()}-thread-${threadId}.cpuprofile`, JSON.stringify(profile));
    });
  }
  isRunning = !isRunning;
}

const channel = new BroadcastChannel('bench-profiler');
// A program ends when it has nothing else to do.
channel.unref();
channel.addEventListener('message', toggle);
if (isMainThread) {
  process.on('SIGUSR2', () => {
    toggle();
    channel.postMessage('toggle');
  });
}
