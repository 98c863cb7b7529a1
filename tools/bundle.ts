/**
 * Puts a dependency into a package that is published, without what npm would build.
 *
 * From a lock file npm does not know that better-sqlite3 asks not to be built (`gypfile: false`; its binaries are in its
 * package). It finds binding.gyp and calls node-gyp, which needs Python and a compiler, and no setting of a published
 * package can keep it from that. So `npm ci` of an application would fail wherever these are missing. A bundled copy has
 * the library and the binaries, and nothing to build. See docs/decisions/0015.
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** By name: what of it is needed to run. */
const parts: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['lib', 'prebuilds', 'LICENSE', 'README.md'],
};

/** Those of the dependencies that are published inside the package, copied from `modules` to where npm packs them from. */
export function bundle(dependencies: Readonly<Record<string, string>>, modules: string, out: string): string[] {
  const bundled = Object.keys(dependencies).filter((name) => name in parts);
  for (const name of bundled) {
    const target = join(out, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    for (const part of parts[name] ?? []) cpSync(join(modules, name, part), join(target, part), { recursive: true });
    writeFileSync(join(target, 'package.json'), manifestOf(join(modules, name)));
  }
  return bundled;
}

/** Without the scripts, and without the dependencies that serve the build only. */
function manifestOf(folder: string): string {
  const { scripts: _, dependencies: __, devDependencies: ___, ...kept } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return `${JSON.stringify(kept, undefined, 2)}\n`;
}
