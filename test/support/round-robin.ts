/** A real nginx or HAProxy in front of nodes, which gives each request to the next of them: with the configurations of examples/cluster. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from './hub-process.ts';
import { freePort, nginx, runNginx, runProxy } from './nginx.ts';

const haproxy = ['/usr/sbin/haproxy', '/usr/bin/haproxy', '/usr/local/sbin/haproxy'].find(existsSync);

const read = (name: string): string => readFileSync(new URL(`../../examples/cluster/${name}`, import.meta.url), 'utf8');

/** `missing`: what would have to be installed; undefined if it is there. `start` runs until the test is over and resolves with the URL. */
export const roundRobins = [
  { name: 'nginx', missing: nginx === undefined ? 'nginx-light' : undefined, start: startNginx },
  { name: 'HAProxy', missing: haproxy === undefined ? 'haproxy' : undefined, start: startHaproxy },
] as const;

async function startNginx(ports: readonly number[]): Promise<string> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await runNginx(configured(read('nginx.conf'), port, ports), folder, () => fetch(`${url}/ready`));
  return url;
}

async function startHaproxy(ports: readonly number[]): Promise<string> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const file = join(folder.path, 'haproxy.cfg');
  await writeFile(file, configured(read('haproxy.cfg'), port, ports));
  const url = `http://127.0.0.1:${port}`;
  await runProxy([haproxy ?? 'haproxy', '-f', file, '-db'], folder, () => fetch(`${url}/ready`));
  return url;
}

/** The lines of nodes, 5001 and so on, become those of the nodes that there are. */
function configured(config: string, port: number, nodePorts: readonly number[]): string {
  return config
    .split('\n')
    .flatMap((line) => {
      const node = /127\.0\.0\.1:500([1-9])/.exec(line)?.[1];
      if (node === undefined) return [line.replace('127.0.0.1:5000', `127.0.0.1:${port}`)];
      const nodePort = nodePorts[Number(node) - 1];
      return nodePort === undefined ? [] : [line.replace(`127.0.0.1:500${node}`, `127.0.0.1:${nodePort}`)];
    })
    .join('\n');
}
