/** The fields of a payload that came over the wire; none if it is no object. */
export function fieldsOf(payload: unknown): Record<string, unknown> {
  return isRecord(payload) ? payload : {};
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
