/** `npm run docs`: writes the documentation that is made from code. A test says when it is stale. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { optionsDocument } from '../packages/hub/src/config/help.ts';

const docs = fileURLToPath(new URL('../docs', import.meta.url));
mkdirSync(docs, { recursive: true });
writeFileSync(`${docs}/options.md`, optionsDocument());
console.log('docs/options.md');
