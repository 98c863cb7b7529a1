import { readFileSync } from 'node:fs';

/** The version in the package's own package.json, which stands beside src, or among the compiled files. */
export const version: string = readVersion();

function readVersion(): string {
  for (const place of ['../../package.json', '../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8'));
      if (name === '@parley/hub') return version;
    } catch {
      // The other layout.
    }
  }
  return 'unknown';
}
