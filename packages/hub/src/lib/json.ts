/** JSON texts that know of what they are the text: for content that travels as the bytes that came. */

/** The JSON text of a `T`. */
export interface Json<T> {
  readonly text: string;
  /** Never there; it keeps texts of different things apart. */
  readonly of?: T;
}

/** The JSON texts of the values of a `T`; undefined for a key that is left out. */
export type JsonOfValues<T> = { readonly [Key in keyof T]-?: string | (undefined extends T[Key] ? undefined : never) };

export function jsonOf<T>(value: T): Json<T> {
  return { text: JSON.stringify(value) };
}

/** An object with these keys, in their order. The keys need no escapes. */
export function jsonObject<T>(values: JsonOfValues<T>): Json<T> {
  let text = '';
  for (const [key, value] of Object.entries<string | undefined>(values)) {
    if (value !== undefined) text += `${text === '' ? '' : ','}"${key}":${value}`;
  }
  return { text: `{${text}}` };
}

/** As many of the first items as have at most so many bytes together, and at least one if there is one. */
export function fitting<T>(items: readonly Json<T>[], bytesMax: number): readonly Json<T>[] {
  let bytes = 0;
  const tooMany = items.findIndex(({ text }) => {
    bytes += Buffer.byteLength(text) + 1;
    return bytes > bytesMax;
  });
  return tooMany === -1 ? items : items.slice(0, Math.max(1, tooMany));
}

export function jsonList<T>(items: readonly Json<T>[]): string {
  return `[${items.map(({ text }) => text).join(',')}]`;
}
