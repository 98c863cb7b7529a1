/**
 * Loaded before a program that npm started: the program is asked to stop (SIGTERM) when its parent is gone. A terminal
 * tells everybody of Ctrl-C, and npm passes on the signals that it gets, but a killed npm can't.
 */
import { isMainThread } from 'node:worker_threads';

const lookEveryMs = 500;

if (isMainThread) {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, lookEveryMs);
  timer.unref();
}
