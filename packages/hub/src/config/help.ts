/** `--help` and docs/options.md, both made from the table of options. */
import { flagOf, variableOf } from './names.ts';
import { groups, type Option, options } from './options.ts';

const widthMax = 100;
const indent = '      ';

export function helpText(): string {
  const sections = groups.map((group) => `${group}\n${optionsOf(group).map(helpEntry).join('\n')}`);
  return `${[
    'Usage: parley [options]                   starts the hub\n       parley nodes [options] [--json]    shows the nodes of a cluster, named by --store\n\nEvery option is also an environment variable, or a key of the JSON file that\n--config (PARLEY_CONFIG) names; a flag wins over a variable, and that over the file.',
    ...sections,
    'Others\n  --config <file>    PARLEY_CONFIG\n  --help, --version',
    'Durations are seconds, or have a unit: 500ms, 5m, 12h, 30d. Sizes are bytes, or have a unit: 64KiB.',
  ].join('\n\n')}\n`;
}

function helpEntry(option: Option<unknown>): string {
  const { placeholder } = option.kind;
  const name = flagOf(option.name);
  const flag = placeholder === undefined ? name.replace('--', '--[no-]') : `${name} <${placeholder}>`;
  const columns = `  ${flag.padEnd(38)} ${option.kind.format(option.default).padEnd(12)} ${variableOf(option.name)}`;
  return `${columns}\n${wrap(option.doc, widthMax - indent.length)
    .map((line) => `${indent}${line}`)
    .join('\n')}`;
}

function wrap(sentence: string, width: number): string[] {
  const lines = [''];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** docs/options.md. A test compares the file with this. */
export function optionsDocument(): string {
  const sections = groups.map((group) => {
    const rows = optionsOf(group).map((option) => {
      const { name, kind, doc } = option;
      const value = (kind.placeholder ?? 'true or false').replaceAll('|', ', ');
      return `| \`${name}\` | ${value} | \`${kind.format(option.default)}\` | \`${flagOf(name)}\` | \`${variableOf(name)}\` | ${doc} |`;
    });
    return `## ${group}\n\n| option | value | default | flag | variable | |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `${introduction}\n${sections.join('\n')}`;
}

const introduction = `# Options

<!-- Made by "npm run docs" from packages/hub/src/config/options.ts: change it there. -->

An option is given as a flag, as an environment variable or in a JSON file, and the first of these that names it wins:

\`\`\`sh
npm start -- --port 8080 --presence.idle-timeout 10m --no-rooms.create-on-join
PARLEY_PORT=8080 PARLEY_PRESENCE_IDLE_TIMEOUT=10m npm start
npm start -- --config parley.json      # or PARLEY_CONFIG=parley.json
\`\`\`

\`\`\`json
{ "port": 8080, "presence": { "idle_timeout": "10m" }, "rooms.create_on_join": false }
\`\`\`

Durations are seconds, or have a unit: \`500ms\`, \`5m\`, \`12h\`, \`30d\`. Sizes are bytes, or have a unit: \`64KiB\`, \`1MiB\`.
Unknown names and values that make no sense are refused at the start, with the exit code 2. Nothing is ignored but the variables that
Kubernetes makes for services whose name begins with \`parley\`: of those the log tells.
`;

function optionsOf(group: string): Option<unknown>[] {
  return Object.values<Option<unknown>>(options).filter((option) => option.group === group);
}
