/** The benchmark's command line. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { scenarios } from './scenarios/all.ts';
import { systemNames } from './systems.ts';

export interface Options {
  readonly scenarios: readonly string[];
  /** Undefined: all that a scenario is for. */
  readonly systems: readonly string[] | undefined;
  readonly rounds: number;
  readonly isQuick: boolean;
  /** The duration of each measurement that has no duration of its own. */
  readonly seconds: number;
  /** The folder for the results. */
  readonly out: string;
  /** Where CPU profiles of our Node servers go. */
  readonly profile: string | undefined;
  /** Systems that run elsewhere, by name. */
  readonly urls: ReadonlyMap<string, URL>;
}

export const usage = `npm run bench -- [options]

  --only a,b       scenarios: ${scenarios.map(({ id, title }) => `${id} ${title}`).join('\n                              ')}
  --systems x,y    ${systemNames.join(', ')}
  --rounds 3       how often each is measured; medians are shown
  --quick          everything small, a few seconds each: to see that it works, not to compare
  --seconds 4      how long each is measured
  --url x=URL      measures system x where it runs already, without its CPU and memory; "centrifugo" is such a system
  --profile DIR    writes CPU profiles of the servers on Node there and prints where the time went; best for one
                   scenario and one system, with --rounds 1 and --seconds 20
  --out DIR        where results.json and index.html are written; bench/results/latest, which git ignores
  --save           writes them to bench/results/saved, which git does not ignore
`;

/** Throws an error with a message for the user. */
export function parseOptions(argv: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: { type: 'string' },
      systems: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      url: { type: 'string', multiple: true, default: [] },
      profile: { type: 'string' },
      out: { type: 'string' },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new Error('--rounds is a number from 1 to 100');
  const seconds = Number(values.seconds ?? (values.quick ? 0.3 : 4));
  if (!(seconds > 0 && seconds <= 600)) throw new Error('--seconds is a number up to 600');
  return {
    scenarios:
      chosen(
        values.only,
        scenarios.map(({ id }) => id),
        '--only',
      ) ?? scenarios.map(({ id }) => id),
    systems: chosen(values.systems, systemNames, '--systems'),
    rounds,
    isQuick: values.quick,
    seconds,
    out: values.out ?? fileURLToPath(new URL(`results/${values.save ? 'saved' : 'latest'}`, import.meta.url)),
    profile: values.profile,
    urls: new Map(values.url.map(namedUrl)),
  };
}

function chosen(list: string | undefined, known: readonly string[], option: string): string[] | undefined {
  const names = list?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`${option}: there is no "${unknown}". There are: ${known.join(', ')}.`);
  return names;
}

function namedUrl(text: string): [string, URL] {
  const [name, url] = text.split('=', 2);
  if (name === undefined || url === undefined || !URL.canParse(url)) throw new Error(`--url ${text}: write --url name=URL`);
  if (!systemNames.includes(name)) throw new Error(`--url: there is no "${name}". There are: ${systemNames.join(', ')}.`);
  return [name, new URL(url)];
}
