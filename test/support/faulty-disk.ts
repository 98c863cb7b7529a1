/** Disks that fail for real: one whose syncs are slow or break, and one that is small enough to fill. Linux only. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const shimSource = fileURLToPath(new URL('../faults/fsync-shim.c', import.meta.url));

export interface SyncFaults {
  /** For the hub's process. */
  readonly env: Readonly<Record<string, string>>;
  /** `slow 500` (milliseconds), `fail`, or nothing for a disk that is well. */
  set(fault: string): Promise<void>;
  remove(): Promise<void>;
}

/** Undefined, with the reason, where there is no C compiler. */
export async function syncFaults(): Promise<SyncFaults | string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-faults-'));
  const library = join(folder, 'fsync-shim.so');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, shimSource, '-ldl'], { stdio: 'pipe' });
  } catch {
    await rm(folder, { recursive: true });
    return 'needs a C compiler (cc)';
  }
  const control = join(folder, 'control');
  await writeFile(control, '');
  return {
    env: { LD_PRELOAD: library, FSYNC_CONTROL: control },
    set: (fault) => writeFile(control, fault),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface SmallDisk {
  readonly path: string;
  /** Leaves no byte free. */
  fill(): void;
  free(): void;
  remove(): void;
}

/** A file system of its own in memory. A text: why there can be none. */
export async function smallDisk(mebibytes: number): Promise<SmallDisk | string> {
  const path = await mkdtemp(join(tmpdir(), 'parley-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', path], { stdio: 'pipe' });
  } catch {
    await rm(path, { recursive: true });
    return 'needs the right to mount a tmpfs (root)';
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      try {
        execFileSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4096'], { stdio: 'pipe' });
      } catch {
        // dd ends with "No space left on device", which is what it is for.
      }
    },
    free() {
      if (existsSync(ballast)) execFileSync('rm', [ballast]);
    },
    remove() {
      execFileSync('umount', ['-l', path]);
    },
  };
}
