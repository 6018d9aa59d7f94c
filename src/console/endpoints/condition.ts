import type { PayloadConditionInput, PayloadOperator } from './generated/graphql.ts';

/** A condition on the body as it is typed. */
export type TypedCondition = Readonly<{ key: number; path: string; op: PayloadOperator; value: string }>;

export const operators: readonly (readonly [op: PayloadOperator, words: string])[] = [
  ['EQ', 'equals'],
  ['NE', 'does not equal'],
  ['IN', 'is one of'],
  ['GT', 'is greater than'],
  ['GTE', 'is at least'],
  ['LT', 'is less than'],
  ['LTE', 'is at most'],
  ['STARTS_WITH', 'begins with'],
  ['CONTAINS', 'contains'],
  ['EXISTS', 'exists'],
];

export const operatorWords = (op: PayloadOperator) => operators.find(([name]) => name === op)?.[1] ?? op;

const isQuoted = (text: string) => text.startsWith('"') && text.endsWith('"') && text.length > 1;

/** A value as it is typed: a number, true, false and null are themselves, everything else is text. */
function jsonOf(text: string): unknown {
  const word = text.trim();
  if (!isQuoted(word) && !/^(-?\d+(\.\d+)?([eE][+-]?\d+)?|true|false|null)$/.test(word)) return word;
  try {
    return JSON.parse(word);
  } catch {
    return word;
  }
}

/** Splits at commas, except in quotes. */
const partsOf = (text: string) => text.match(/(?:"(?:\\.|[^"\\])*"|[^,])+/g) ?? [];

const isExact = (value: unknown) => typeof value !== 'number' || Math.abs(value) <= Number.MAX_SAFE_INTEGER;

/** What is wrong with a condition, before the server is asked. */
export function conditionProblem({ path, op, value }: TypedCondition): string | undefined {
  if (!path.startsWith('/')) return 'A path begins with a slash: /data/amount';
  if (op === 'EXISTS') return undefined;
  if (value.trim() === '') return 'Type what it is compared with. For an empty text type "".';
  const values = op === 'IN' ? partsOf(value).map(jsonOf) : [jsonOf(value)];
  if (!values.every(isExact))
    return 'The browser cannot hold so large a number exactly: set this condition through the API.';
  return undefined;
}

export function conditionInput({ path, op, value }: TypedCondition): PayloadConditionInput {
  if (op === 'EXISTS') return { path, op };
  if (op === 'IN') return { path, op, value: partsOf(value).map(jsonOf) };
  if (op === 'STARTS_WITH') {
    const text = jsonOf(value);
    return { path, op, value: typeof text === 'string' ? text : value.trim() };
  }
  return { path, op, value: jsonOf(value) };
}

/** A value as one types it. */
function textOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const isPlain = value !== '' && value === value.trim() && !/[",]/.test(value) && jsonOf(value) === value;
  return isPlain ? value : JSON.stringify(value);
}

export const typedValue = (value: unknown): string =>
  value === undefined ? '' : Array.isArray(value) ? value.map(textOf).join(', ') : textOf(value);
