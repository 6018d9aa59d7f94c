import { LostNumber } from '../exact-json.ts';

/**
 * Returns the same text for equal JSON values, whatever the order of their keys. Properties that are `undefined` are
 * left out.
 */
export function canonicalJson(value: unknown): string {
  return write(value) ?? 'null';
}

function write(value: unknown): string | undefined {
  if (value instanceof LostNumber) return value.text;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof Date) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? 'null').join(',')}]`;
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, item]) => {
      const text = write(item);
      return text === undefined ? [] : `${JSON.stringify(key)}:${text}`;
    });
  return `{${members.join(',')}}`;
}
