/**
 * Logs when the process has no file descriptor left, and when it has one again. Node closes the connections that it can't
 * accept without telling anybody (libuv keeps a descriptor for that), so clients just fail to connect.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Cancel, Clock } from '../lib/clock.ts';
import { every } from '../lib/every.ts';
import type { Log } from '../ports/log.ts';

const checkIntervalMs = 1000;

export function watchDescriptors(clock: Clock, log: Log): Cancel {
  let hadOne = true;
  return every(clock, checkIntervalMs, () => {
    const hasOne = isOneLeft();
    if (hasOne === hadOne) return;
    hadOne = hasOne;
    if (hasOne) log.info({}, 'There are file descriptors again: new connections are accepted.');
    else log.warn({}, 'All file descriptors are in use: new connections are dropped until some close. Raise the limit with "ulimit -n".');
  });
}

function isOneLeft(): boolean {
  try {
    closeSync(openSync(devNull, 'r'));
    return true;
  } catch {
    return false;
  }
}
