/** The outside names of an option, all made from its dotted one. */

/** `presence.idle_timeout` → `--presence.idle-timeout` */
export function flagOf(name: string): string {
  return `--${name.replaceAll('_', '-')}`;
}

/** `presence.idle_timeout` → `PARLEY_PRESENCE_IDLE_TIMEOUT` */
export function variableOf(name: string): string {
  return `PARLEY_${name.replaceAll('.', '_').toUpperCase()}`;
}

/** The name that was probably meant, if one is near enough. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => ({ name, distance: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 4)))
    .sort((a, b) => a.distance - b.distance);
  return best?.name;
}

/** Levenshtein: how many characters to insert, remove or replace. Row by row, since only the last row is needed. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, charA] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, charB] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (charA === charB ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
