/** Imported before anything else, so that on a version of Node that is not supported no native module is loaded. */
import process from 'node:process';
import { nodeProblem } from './node-version.ts';

const problem = nodeProblem(process.versions.node);
if (problem !== undefined) throw new Error(problem);
