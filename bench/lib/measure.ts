/** One scenario with one system, once: a fresh server in a fresh folder, and nothing left behind. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figures, Scale, Scenario } from '../scenarios/scenario.ts';
import { runningAt, type System, start } from '../systems.ts';
import type { ServerProcess } from './server-process.ts';
import { pause } from './waiting.ts';

/** Beside the dependencies, since folders for temporary files are often in memory, where a sync to the disk costs nothing. */
const dataRoot = fileURLToPath(new URL('../../node_modules/.cache/parley-bench/', import.meta.url));

/** A profiled server writes what it has found before it is killed. */
const profileWriteMs = 1000;

export interface Measurement {
  readonly figures: Figures;
  /** What the server said about itself. */
  readonly settings: readonly string[];
}

export interface MeasureOptions {
  readonly scale: Scale;
  readonly profile: string | undefined;
  /** Where the system runs already, if it does. */
  readonly url: URL | undefined;
}

export async function measure(scenario: Scenario, system: System, { scale, profile, url }: MeasureOptions): Promise<Measurement> {
  await mkdir(dataRoot, { recursive: true });
  const folders = new Map<ServerProcess, string>();
  const made: string[] = [];
  let settings: readonly string[] = [];
  const startOn = async (folder: string): Promise<ServerProcess> => {
    const server = url === undefined ? await start(system, folder, profile) : runningAt(url);
    settings = server.settings;
    folders.set(server, folder);
    return server;
  };
  const stopAll = async () => {
    if (profile !== undefined) await pause(profileWriteMs);
    await Promise.all([...folders.keys()].map((server) => server.stop()));
  };
  try {
    const figures = await scenario.run({
      system,
      scale,
      async start() {
        // One at a time: a server that has been measured must not disturb the next one.
        await stopAll();
        const folder = await mkdtemp(join(dataRoot, 'data-'));
        made.push(folder);
        return startOn(folder);
      },
      async restart(server) {
        await server.stop();
        return startOn(folders.get(server) ?? dataRoot);
      },
    });
    return { figures, settings };
  } finally {
    await stopAll();
    await Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}
