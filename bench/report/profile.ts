/** What a CPU profile says in a few lines: in which functions the time went, and under which. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Entry {
  readonly name: string;
  selfUs: number;
  totalUs: number;
}

/** Not work of the program. */
const idle: ReadonlySet<string> = new Set(['(idle)', '(root)']);
const entriesShown = 25;

/** A table for each thread's profile in the folder. */
export async function profileTables(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile')).sort();
  const tables = names.map(async (name) => {
    const profile: Profile = JSON.parse(await readFile(join(folder, name), 'utf8'));
    return `${name}\n${profileTable(profile)}`;
  });
  return (await Promise.all(tables)).join('\n\n');
}

function profileTable(profile: Profile): string {
  const entries = timesOf(profile);
  const busyUs = [...entries.values()].reduce((sum, { selfUs }) => sum + selfUs, 0);
  const share = (us: number): string => `${((us / busyUs) * 100).toFixed(1)} %`.padStart(8);
  const top = [...entries.values()].sort((a, b) => b.selfUs - a.selfUs).slice(0, entriesShown);
  return ['    self     total', ...top.map(({ name, selfUs, totalUs }) => `${share(selfUs)}  ${share(totalUs)}  ${name}`)].join('\n');
}

function timesOf({ nodes, samples, timeDeltas }: Profile): ReadonlyMap<string, Entry> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const entries = new Map<string, Entry>();
  for (const [index, id] of samples.entries()) {
    const node = byId.get(id);
    if (node === undefined || idle.has(node.callFrame.functionName) || node.callFrame.url === 'node:inspector') continue;
    const us = timeDeltas[index] ?? 0;
    const caller = byId.get(parents.get(id) ?? -1);
    entryOf(entries, node, caller).selfUs += us;
    // A function that calls itself counts once.
    const seen = new Set<Entry>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at);
      if (frame !== undefined) seen.add(entryOf(entries, frame, byId.get(parents.get(at) ?? -1)));
    }
    for (const entry of seen) entry.totalUs += us;
  }
  return entries;
}

/** Functions of native code often have no name: then the caller says what they are. */
function entryOf(entries: Map<string, Entry>, { callFrame }: ProfileNode, caller: ProfileNode | undefined): Entry {
  const isNameless = callFrame.functionName === '' && callFrame.url === '' && caller !== undefined;
  const name = isNameless ? `native code called by ${nameOf(caller)}` : nameOf({ callFrame });
  const entry = entries.get(name) ?? { name, selfUs: 0, totalUs: 0 };
  entries.set(name, entry);
  return entry;
}

function nameOf({ callFrame }: Pick<ProfileNode, 'callFrame'>): string {
  const { functionName, url, lineNumber } = callFrame;
  const file = url.replace(/^.*\/((?:[^/]+\/)?[^/]+)$/, '$1');
  return `${functionName || '(anonymous)'}${file === '' ? '' : `  ${file}:${lineNumber + 1}`}`;
}
