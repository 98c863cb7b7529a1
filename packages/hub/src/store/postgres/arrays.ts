/**
 * Arrays as parameters in binary form: text of any kind needs no escaping, and the server parses nothing. An array is its dimensions (1),
 * whether it has nulls, the type of its elements, how many there are and where they begin (1), then each element after its length.
 */
const headerBytes = 20;
const oid = { bigint: 20, int: 23, text: 25, double: 701 };

export function textArray(values: readonly (string | null)[]): Buffer {
  let bytes = headerBytes;
  for (const value of values) bytes += 4 + (value === null ? 0 : Buffer.byteLength(value));
  const buffer = Buffer.allocUnsafe(bytes);
  let at = writeHeader(buffer, oid.text, values.length, values.includes(null));
  for (const value of values) {
    const length = value === null ? -1 : buffer.write(value, at + 4);
    buffer.writeInt32BE(length, at);
    at += 4 + Math.max(0, length);
  }
  return buffer;
}

export const intArray = (values: readonly number[]): Buffer =>
  fixedArray(values, oid.int, 4, (buffer, value, at) => buffer.writeInt32BE(value, at));

export const bigintArray = (values: readonly number[]): Buffer =>
  fixedArray(values, oid.bigint, 8, (buffer, value, at) => buffer.writeBigInt64BE(BigInt(value), at));

export const doubleArray = (values: readonly number[]): Buffer =>
  fixedArray(values, oid.double, 8, (buffer, value, at) => buffer.writeDoubleBE(value, at));

function fixedArray(
  values: readonly number[],
  type: number,
  size: number,
  write: (buffer: Buffer, value: number, at: number) => void,
): Buffer {
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * (4 + size));
  let at = writeHeader(buffer, type, values.length, false);
  for (const value of values) {
    buffer.writeInt32BE(size, at);
    write(buffer, value, at + 4);
    at += 4 + size;
  }
  return buffer;
}

function writeHeader(buffer: Buffer, type: number, length: number, hasNulls: boolean): number {
  buffer.writeInt32BE(1, 0);
  buffer.writeInt32BE(hasNulls ? 1 : 0, 4);
  buffer.writeInt32BE(type, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return headerBytes;
}
