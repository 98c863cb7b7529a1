/** `npm run torture`: see options.ts for what it can do, run.ts for what it does. */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../support/hub-process.ts';
import { type Options, parseOptions } from './options.ts';
import { measureReady } from './pending.ts';
import { failureText, startText, successText } from './report.ts';
import { run } from './run.ts';
import { serversMissing } from './servers.ts';

const options = parseOptions(process.argv.slice(2), randomInt(1, 1_000_000));
// A client of the rig may be told of a broken connection when nobody listens any more; that is no failure of the hub.
let dispose = async (): Promise<void> => {};
const endWith = (code: number): void => void dispose().finally(() => process.exit(code));
process.once('uncaughtException', (error) => {
  process.stderr.write(`The rig itself has failed: ${error.stack}\n`);
  endWith(1);
});
process.once('SIGINT', () => endWith(130));
process.once('SIGTERM', () => endWith(143));
if ('print' in options) {
  (options.isProblem ? process.stderr : process.stdout).write(options.print);
  process.exitCode = options.isProblem ? 2 : 0;
} else {
  process.exit(await main(options));
}

async function main(options: Options): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const { pending, cluster } = options;
  const missing = cluster === undefined ? undefined : serversMissing(cluster.bus);
  if (missing !== undefined) {
    say(`This run needs ${missing}, which is not installed.`);
    return 2;
  }
  const folder = await temporaryFolder();
  if (pending !== undefined) {
    say(await measureReady(folder.path, pending));
    await folder.remove();
    return 0;
  }
  say(startText(options));
  const onHubs = (end: () => Promise<void>): void => {
    dispose = end;
  };
  const result = await run({ ...options, data: folder.path, onProgress: say, onHubs });
  if (result.violations.length > 0) {
    for (const [node, output] of result.outputs.entries()) await writeFile(join(folder.path, `hub-${node}.log`), output);
    say(failureText(options, folder.path, result));
    return 1;
  }
  await folder.remove();
  say(successText(options, result));
  return 0;
}
