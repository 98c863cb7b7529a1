/** Imported by the program before anything else: as supported-node.ts, but for people. */
import process from 'node:process';
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) {
  process.stderr.write(`parley: ${problem}\n`);
  process.exit(1);
}
