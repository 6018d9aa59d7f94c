import type { StoredCondition } from '../tables.ts';
import { compareDecimals } from './decimal.ts';
import { elementsOf, findValues, parsePointer } from './json-pointer.ts';

/**
 * A filter decides by the body that would be sent whether an event goes to an endpoint, when the event is fanned out.
 * All conditions must hold. The body is scanned once for the conditions of all endpoints.
 */

/** A condition's value. It is never an object, and a list only for IN. */
type Scalar = string | number | boolean | null;

export class FilterChecks {
  readonly #paths: readonly string[];
  readonly #values: readonly (string | undefined)[];

  /** Prepares the check of a body, for the parts of it that these filters read. */
  constructor(body: string, filters: readonly (readonly StoredCondition[])[]) {
    this.#paths = [...new Set(filters.flatMap((filter) => filter.map(({ path }) => path)))];
    this.#values = findValues(
      body,
      this.#paths.map((path) => parsePointer(path) ?? []),
    );
  }

  /** The index of the first condition that does not hold. Undefined if all of them do. */
  failedConditionOf(filter: readonly StoredCondition[]): number | undefined {
    const failed = filter.findIndex((condition) => !holds(condition, this.#textAt(condition.path)));
    return failed < 0 ? undefined : failed;
  }

  #textAt(path: string): string | undefined {
    return this.#values[this.#paths.indexOf(path)];
  }
}

/** Whether the body matches the filter. Without a filter every body does. */
export const passes = (filter: readonly StoredCondition[] | undefined, body: string): boolean =>
  filter === undefined || new FilterChecks(body, [filter]).failedConditionOf(filter) === undefined;

/** `found` is the JSON text of the value at the path. Undefined if there is no value. */
function holds({ op, value }: StoredCondition, found: string | undefined): boolean {
  if (op === 'NE') return found === undefined || !isEqual(found, value as Scalar);
  if (found === undefined) return false;
  switch (op) {
    case 'EXISTS':
      return true;
    case 'EQ':
      return isEqual(found, value as Scalar);
    case 'IN':
      return (value as readonly Scalar[]).some((one) => isEqual(found, one));
    case 'GT':
      return orderOf(found, value).some((order) => order > 0);
    case 'GTE':
      return orderOf(found, value).some((order) => order >= 0);
    case 'LT':
      return orderOf(found, value).some((order) => order < 0);
    case 'LTE':
      return orderOf(found, value).some((order) => order <= 0);
    case 'STARTS_WITH':
      return textOf(found)?.startsWith(String(value)) === true;
    case 'CONTAINS':
      return contains(found, value as Scalar);
  }
}

const isNumber = (json: string) => /^[-\d]/.test(json);
const textOf = (json: string): string | undefined => (json.startsWith('"') ? JSON.parse(json) : undefined);

function isEqual(found: string, value: Scalar): boolean {
  if (typeof value === 'number') return isNumber(found) && compareDecimals(found, decimalOf(value)) === 0;
  if (typeof value === 'string') return textOf(found) === value;
  return found === String(value);
}

/** Negative, 0 or positive. Undefined if the two cannot be compared. */
function orderOf(found: string, value: unknown): number[] {
  if (typeof value === 'number') return isNumber(found) ? [compareDecimals(found, decimalOf(value))] : [];
  const text = textOf(found);
  if (text === undefined || typeof value !== 'string') return [];
  return [text === value ? 0 : compareByCodePoints(text, value)];
}

function contains(found: string, value: Scalar): boolean {
  if (found.startsWith('"')) return typeof value === 'string' && textOf(found)?.includes(value) === true;
  return found.startsWith('[') && elementsOf(found).some((element) => isEqual(element, value));
}

const decimalOf = (value: number): string => String(value);

/** Compares by code points, which is also the order of UTF-8, and not by UTF-16 units. */
function compareByCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
