/** What the program is asked to do: to start a hub, or to tell of the nodes of a cluster. */
export interface Command {
  readonly name: 'start' | 'nodes';
  /** The options that are left. */
  readonly argv: readonly string[];
  /** For programs instead of people. */
  readonly isJson: boolean;
}

/** `argv` without the program and the script. */
export function commandOf(argv: readonly string[]): Command {
  if (argv[0] !== 'nodes') return { name: 'start', argv, isJson: false };
  const options = argv.slice(1);
  return { name: 'nodes', argv: options.filter((argument) => argument !== '--json'), isJson: options.includes('--json') };
}
