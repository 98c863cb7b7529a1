/** `npm run torture`: see options.ts for what it can do, run.ts for what it does. */
import { randomInt } from 'node:crypto';
import { temporaryFolder } from '../support/hub-process.ts';
import { type Options, parseOptions } from './options.ts';
import { measureReady } from './pending.ts';
import { failureText, successText } from './report.ts';
import { run } from './run.ts';

const options = parseOptions(process.argv.slice(2), randomInt(1, 1_000_000));
// A client of the rig may be told of a broken connection when nobody listens any more; that is no failure of the hub.
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
if ('print' in options) {
  (options.isProblem ? process.stderr : process.stdout).write(options.print);
  process.exitCode = options.isProblem ? 2 : 0;
} else {
  process.exit(await main(options));
}

async function main({ seed, durationMs, kills, pending }: Options): Promise<number> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const folder = await temporaryFolder();
  if (pending !== undefined) {
    say(await measureReady(folder.path, pending));
    await folder.remove();
    return 0;
  }
  say(`Seed ${seed}: ${Math.round(durationMs / 1000)} s with ${kills} kills.`);
  const result = await run({ seed, durationMs, kills, data: folder.path, onProgress: say });
  if (result.violations.length > 0) {
    say(failureText(seed, folder.path, result));
    return 1;
  }
  await folder.remove();
  say(successText(seed, result));
  return 0;
}
