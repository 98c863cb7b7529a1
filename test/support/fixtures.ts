/** Vitest's `test` with a real hub and stock clients that are gone when the test is over. */
import { test as base } from 'vitest';
import { type ClientOptions, connectAs, connectClient } from './client.ts';
import { type HubProcessOptions, startHubProcess, temporaryFolder } from './hub-process.ts';

/**
 * - `hub`: one hub process for all tests of a file. Tests that use it choose user and room names of their own.
 * - `startHub(options)`: a hub process of the test's own. Calls of one test share a data folder, so the second call is a restart.
 * - `connect(url, options)`, `connectAs(url, userId, options)`: stock clients, closed after the test.
 */
export const test = base
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern that this fixture needs no other.
  .extend('hub', { scope: 'file' }, async ({}, { onCleanup }) => {
    const folder = await temporaryFolder();
    const hub = await startHubProcess({ data: folder.path });
    onCleanup(async () => {
      await hub.kill();
      await folder.remove();
    });
    return hub;
  })
  .extend('startHub', async ({ onTestFinished }) => {
    const folder = await temporaryFolder();
    onTestFinished(folder.remove);
    return async (options: Partial<HubProcessOptions> = {}) => {
      const hub = await startHubProcess({ data: folder.path, ...options });
      // What is registered last is called first, so the folder goes after the processes that use it.
      onTestFinished(hub.kill);
      return hub;
    };
  })
  .extend('connect', ({ onTestFinished }) => async (url: string, options?: ClientOptions) => {
    const client = await connectClient(url, options);
    onTestFinished(client.close);
    return client;
  })
  .extend('connectAs', ({ onTestFinished }) => async (url: string, userId: string | number, options?: Parameters<typeof connectAs>[2]) => {
    const client = await connectAs(url, userId, options);
    onTestFinished(client.close);
    return client;
  });
