import type { ValidationIssue } from '../errors.ts';
import { findLostNumber } from '../exact-json.ts';
import type { PayloadOperator, StoredCondition } from '../tables.ts';
import { isStorable } from '../text.ts';
import { parsePointer } from './json-pointer.ts';

export const maxConditions = 10;
export const maxPathChars = 1_000;
export const maxPathTokens = 32;
export const maxTextChars = 1_000;
export const maxListed = 100;
/** The limit for a whole filter, as JSON. A tenant's filters are read together when it publishes, up to 1,000 of them. */
export const maxFilterBytes = 16_384;

type Kind = 'text' | 'number' | 'boolean' | 'null';

const anything: readonly Kind[] = ['text', 'number', 'boolean', 'null'];

/** The values that an operator accepts: none, one value of certain kinds, or a list of them. */
const takes: Readonly<Record<PayloadOperator, { kinds: readonly Kind[]; isList?: true }>> = {
  EQ: { kinds: anything },
  NE: { kinds: anything },
  IN: { kinds: anything, isList: true },
  GT: { kinds: ['number', 'text'] },
  GTE: { kinds: ['number', 'text'] },
  LT: { kinds: ['number', 'text'] },
  LTE: { kinds: ['number', 'text'] },
  EXISTS: { kinds: [] },
  STARTS_WITH: { kinds: ['text'] },
  CONTAINS: { kinds: anything },
};

/** The problems of a filter, each with its path. */
export function filterIssues(filter: readonly StoredCondition[]): ValidationIssue[] {
  if (filter.length > maxConditions) {
    return [{ path: ['filter'], code: 'TOO_MANY', message: `At most ${maxConditions} conditions.` }];
  }
  const issues = filter.flatMap((condition, index) => [
    ...pathIssues(condition.path).map((issue) => ({ ...issue, path: ['filter', index, 'path'] })),
    ...valueIssues(condition).map((issue) => ({ ...issue, path: ['filter', index, 'value'] })),
  ]);
  if (issues.length > 0 || Buffer.byteLength(JSON.stringify(filter)) <= maxFilterBytes) return issues;
  const message = `The conditions together can have at most ${maxFilterBytes.toLocaleString('en')} bytes as JSON.`;
  return [{ path: ['filter'], code: 'TOO_LONG', message }];
}

type Problem = Pick<ValidationIssue, 'code' | 'message'>;

function pathIssues(path: string): Problem[] {
  const tokens = parsePointer(path);
  if (tokens === undefined) {
    const message =
      'A path is a JSON Pointer (RFC 6901): empty, or `/` before each name or index, with `~0` for `~` and `~1` for `/` in a name.';
    return [{ code: 'INVALID_POINTER', message }];
  }
  if (path.length > maxPathChars || tokens.length > maxPathTokens) {
    const message = `A path has at most ${maxPathChars.toLocaleString('en')} characters and ${maxPathTokens} names or indexes.`;
    return [{ code: 'TOO_LONG', message }];
  }
  return isStorable(path) ? [] : [unstorable('The path')];
}

function valueIssues(condition: StoredCondition): Problem[] {
  const { op, value } = condition;
  const { kinds, isList } = takes[op];
  if (op === 'EXISTS') {
    return value === undefined
      ? []
      : [{ code: 'NOT_ALLOWED', message: 'EXISTS takes no value: leave it out.' }];
  }
  if (value === undefined) return [{ code: 'REQUIRED', message: `${op} needs a value.` }];
  if (isList !== true) return scalarIssues(op, kinds, value);
  if (!Array.isArray(value) || value.length === 0 || value.length > maxListed) {
    return [{ code: 'OUT_OF_RANGE', message: `${op} takes a list of 1 to ${maxListed} values.` }];
  }
  const items: readonly unknown[] = value;
  return items.flatMap((item) => scalarIssues(op, kinds, item)).slice(0, 1);
}

function scalarIssues(op: PayloadOperator, kinds: readonly Kind[], value: unknown): Problem[] {
  if (findLostNumber(value) !== undefined) {
    const message =
      'A number in a value is kept as it is: within ±(2^53 - 1) if it is whole, and neither too large nor too small for a 64-bit float.';
    return [{ code: 'NUMBER_OUT_OF_RANGE', message }];
  }
  const kind = kindOf(value);
  if (kind === undefined || !kinds.includes(kind)) {
    return [{ code: 'WRONG_TYPE', message: `A value of ${op} is one of: ${kinds.join(', ')}.` }];
  }
  if (typeof value !== 'string') return [];
  if (value.length > maxTextChars) {
    const message = `A text has at most ${maxTextChars.toLocaleString('en')} characters.`;
    return [{ code: 'TOO_LONG', message }];
  }
  return isStorable(value) ? [] : [unstorable('The text')];
}

function kindOf(value: unknown): Kind | undefined {
  if (value === null) return 'null';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' || typeof value === 'boolean'
    ? (typeof value as 'number' | 'boolean')
    : undefined;
}

const unstorable = (what: string): Problem => ({
  code: 'INVALID_CHARACTER',
  message: `${what} contains U+0000 or half of a surrogate pair.`,
});
