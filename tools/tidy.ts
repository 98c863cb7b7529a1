/**
 * Small rules that no linter has: the length of files, time and randomness only through their ports, and
 * nothing that silences the type checker or the linter where it matters. `any` and `!` are refused by Biome.
 */
import type { SourceFile } from './source-files.ts';
import { codeLines, isTest } from './source-files.ts';

const linesSoftMax = 300;
const linesHardMax = 450;

interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
  readonly appliesTo: (path: string) => boolean;
}

const everywhere = (path: string) => !path.startsWith('tools/tidy');
const timeless = (path: string) =>
  /^packages\/(hub|protocol|client)\/src\//.test(path) && !isTest(path) && !/^packages\/hub\/src\/lib/.test(path);

const codeRules: readonly Rule[] = [
  {
    pattern: /\b(Date\.now|performance\.now|Math\.random)\b|\bnew Date\(\)|\b(setTimeout|setInterval|setImmediate)\(/,
    message: 'time and randomness come in through Clock and Random (lib/)',
    appliesTo: timeless,
  },
  {
    pattern: /\b(test|it|describe)\.(only|skip|todo)\b/,
    message: 'a test is left out',
    appliesTo: (path) => isTest(path) && everywhere(path),
  },
];

const commentRules: readonly Rule[] = [
  { pattern: /@ts-(ignore|expect-error|nocheck)\b/, message: 'the type checker must not be silenced', appliesTo: everywhere },
  {
    pattern: /biome-ignore.*(noExplicitAny|noNonNullAssertion|noImportCycles|Promises)/,
    message: 'this lint rule must not be silenced',
    appliesTo: everywhere,
  },
];

export interface TidyResult {
  /** What must be mended: `path:line: …`. */
  readonly problems: readonly string[];
  /** What should be: files that have grown long. */
  readonly hints: readonly string[];
}

export function tidy(files: readonly SourceFile[]): TidyResult {
  const lengths = files.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }));
  const tooLong = lengths.filter(({ lines }) => lines > linesHardMax);
  const long = lengths.filter(({ lines }) => lines > linesSoftMax && lines <= linesHardMax);
  return {
    problems: [...tooLong.map(({ path, lines }) => `${path}: ${lines} lines, at most ${linesHardMax}`), ...files.flatMap(ruleProblems)],
    hints: long.map(({ path, lines }) => `${path}: ${lines} lines, better at most ${linesSoftMax}`),
  };
}

function ruleProblems({ path, text }: SourceFile): string[] {
  const allLines = text.split('\n').map((code, index) => ({ number: index + 1, code }));
  return [...broken(codeRules, path, codeLines(text)), ...broken(commentRules, path, allLines)];
}

function broken(rules: readonly Rule[], path: string, lines: ReturnType<typeof codeLines>): string[] {
  return rules
    .filter((rule) => rule.appliesTo(path))
    .flatMap((rule) => lines.filter(({ code }) => rule.pattern.test(code)).map(({ number }) => `${path}:${number}: ${rule.message}`));
}
