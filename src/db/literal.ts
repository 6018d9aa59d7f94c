/**
 * A statement with its parameters written into it, for where it can have none. Each stands there as a quoted string
 * without a type, so PostgreSQL gives it the same type that it would give the parameter.
 */
export function withLiterals(text: string, values: readonly unknown[]): string {
  const literals = values.map(literal);
  return text.replace(/\$(\d+)/g, (_, number: string) => {
    const found = literals[Number(number) - 1];
    if (found === undefined) throw new Error(`A statement has no value for its parameter ${number}.`);
    return found;
  });
}

/** A value as a quoted string without a type. */
export function literal(value: unknown): string {
  const text = textOf(value);
  return text === null ? 'null' : quoted(text);
}

/** Valid whatever `standard_conforming_strings` says. */
export function quoted(text: string): string {
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}

/** As PostgreSQL reads a value of its type. */
function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`;
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

function elementOf(value: unknown): string {
  const text = textOf(value);
  if (text === null) return 'NULL';
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
