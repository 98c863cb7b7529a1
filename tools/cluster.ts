/**
 * `npm run cluster`: a cluster on this machine, to look at and to break: hubs that share a PostgreSQL database, and a proxy before them that
 * gives each request to the next one. `--nodes` and `--port` are its own options, all others are those of the hubs.
 */
import { once } from 'node:events';
import { type RunningNode, startNode } from './cluster/node.ts';
import { createRoundRobin } from './cluster/round-robin.ts';

const nodesMax = 16;
const defaultStore = 'postgres://postgres@127.0.0.1:5432/parley';

const howToGetPostgres = `
The nodes share a PostgreSQL database. With Docker this makes one:

    docker run --rm -d -p 127.0.0.1:5432:5432 -e POSTGRES_HOST_AUTH_METHOD=trust -e POSTGRES_DB=parley postgres:17

and where PostgreSQL runs already:

    createdb -h 127.0.0.1 -U postgres parley

Then "npm run cluster" again. Another database is named as in npm run cluster -- --store postgres://user@host/database
`;

const { nodes: count, port, rest } = readArguments(process.argv.slice(2));
const store =
  process.env.PARLEY_STORE !== undefined || rest.some((argument) => /^--store(=|$)/.test(argument)) ? [] : ['--store', defaultStore];
const ports = Array.from({ length: count }, (_, index) => port + 1 + index);
const nodes: RunningNode[] = [];
let isStopping = false;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

for (const [index, nodePort] of ports.entries()) {
  const node = startNode([...store, '--port', String(nodePort), '--proxies.trusted', '127.0.0.1', ...rest], (line) =>
    console.error(`${nodePort} | ${line}`),
  );
  nodes.push(node);
  // The first one makes the tables, and tells what is wrong with the database or the options.
  if (await node.started) continue;
  if (index === 0 && !isStopping) console.error(howToGetPostgres);
  process.exitCode = 1;
  stop();
  break;
}

if (!isStopping) await serve();
await Promise.all(nodes.map((node) => node.ended));
process.exit();

async function serve(): Promise<void> {
  const proxy = createRoundRobin({ ports });
  proxy.on('error', (error) => {
    console.error(`Port ${port} can't be used (${error.message}). Choose another one with --port.`);
    process.exitCode = 1;
    stop();
  });
  proxy.listen(port, '127.0.0.1');
  await Promise.race([once(proxy, 'listening'), once(proxy, 'close'), ...nodes.map((node) => node.ended)]);
  if (!proxy.listening) return;
  console.log(`\nA cluster of ${count} nodes. All of them, in turn:   http://127.0.0.1:${port}`);
  for (const [index, node] of nodes.entries()) console.log(`  http://127.0.0.1:${ports[index]}   process ${node.pid}`);
  console.log('Ctrl-C ends all. To see what a failure does: kill -9, -STOP or -CONT one of the processes.\n');
  for (const [index, node] of nodes.entries()) {
    void node.ended.then(() => isStopping || console.error(`The node on port ${ports[index]} has ended. The others go on.`));
  }
}

/** Each node tells its clients to come back, and commits what it has accepted. */
function stop(): void {
  isStopping = true;
  for (const node of nodes) node.stop();
}

function readArguments(given: readonly string[]): { readonly nodes: number; readonly port: number; readonly rest: readonly string[] } {
  const rest = [...given];
  const take = (name: string, fallback: number, max: number): number => {
    const at = rest.findIndex((argument) => argument === name || argument.startsWith(`${name}=`));
    if (at === -1) return fallback;
    const [argument = '', next = ''] = rest.slice(at, at + 2);
    const value = argument.includes('=') ? argument.slice(name.length + 1) : next;
    rest.splice(at, argument.includes('=') ? 1 : 2);
    if (/^\d{1,5}$/.test(value) && Number(value) >= 1 && Number(value) <= max) return Number(value);
    console.error(`${name} must be a whole number from 1 to ${max}, not "${value}".`);
    process.exit(2);
  };
  return { nodes: take('--nodes', 3, nodesMax), port: take('--port', 5000, 65_535 - nodesMax), rest };
}
