import type { StoredCondition } from '../tables.ts';
import { compareDecimals, type Decimal, decimalOf } from './decimal.ts';
import { compareByCodePoints, containsText } from './find-text.ts';
import { FoundValue, keyOf } from './found-value.ts';
import { findValues, parsePointer } from './json-pointer.ts';

/**
 * A filter decides by the body that would be sent whether an event goes to an endpoint, when the event is fanned out.
 * All conditions must hold. The body is scanned once for the conditions of all endpoints.
 *
 * Both the body and the conditions come from outside. So a condition takes at most time in proportion to the part of the
 * body at its path, and most take much less (see `FoundValue`).
 */

/** A condition's value. It is never an object, and a list only for IN. */
type Scalar = string | number | boolean | null;

export class FilterChecks {
  /** By path. */
  readonly #values: ReadonlyMap<string, FoundValue | undefined>;

  /** Prepares the check of a body, for the parts of it that these filters read. */
  constructor(body: string, filters: readonly (readonly StoredCondition[])[]) {
    const paths = [...new Set(filters.flatMap((filter) => filter.map(({ path }) => path)))];
    const values = findValues(
      body,
      paths.map((path) => parsePointer(path) ?? []),
    );
    this.#values = new Map(
      paths.map((path, index) => {
        const json = values[index];
        return [path, json === undefined ? undefined : new FoundValue(json)];
      }),
    );
  }

  /** The index of the first condition that does not hold. Undefined if all of them do. */
  failedConditionOf(filter: readonly StoredCondition[]): number | undefined {
    const failed = filter.findIndex((condition) => !holds(condition, this.#values.get(condition.path)));
    return failed < 0 ? undefined : failed;
  }
}

/** Whether the body matches the filter. Without a filter every body does. */
export const passes = (filter: readonly StoredCondition[] | undefined, body: string): boolean =>
  filter === undefined || new FilterChecks(body, [filter]).failedConditionOf(filter) === undefined;

/** `found` is the value at the path. Undefined if there is no value. */
function holds(condition: StoredCondition, found: FoundValue | undefined): boolean {
  const { op, value } = condition;
  if (op === 'NE') return found === undefined || !wantedOf(condition).keys.has(found.key);
  if (found === undefined) return false;
  switch (op) {
    case 'EXISTS':
      return true;
    case 'EQ':
    case 'IN':
      return wantedOf(condition).keys.has(found.key);
    case 'GT':
      return orderOf(found, condition).some((order) => order > 0);
    case 'GTE':
      return orderOf(found, condition).some((order) => order >= 0);
    case 'LT':
      return orderOf(found, condition).some((order) => order < 0);
    case 'LTE':
      return orderOf(found, condition).some((order) => order <= 0);
    case 'STARTS_WITH':
      return found.text?.startsWith(String(value)) === true;
    case 'CONTAINS':
      return found.text === undefined
        ? [...wantedOf(condition).keys].some((key) => found.elements.has(key))
        : typeof value === 'string' && containsText(found.text, value);
  }
}

/** Negative, 0 or positive. Empty if the two cannot be compared. */
function orderOf(found: FoundValue, condition: StoredCondition): number[] {
  const { value } = condition;
  const { number } = wantedOf(condition);
  if (number !== undefined) return found.number === undefined ? [] : [compareDecimals(found.number, number)];
  if (found.text === undefined || typeof value !== 'string') return [];
  return [compareByCodePoints(found.text, value)];
}

/** What a condition compares with: the keys of its values, and its value as a number, if it is one. */
type Wanted = Readonly<{ keys: ReadonlySet<string>; number: Decimal | undefined }>;

/** An endpoint's conditions stay the same objects while its tenant publishes. */
const wanted = new WeakMap<StoredCondition, Wanted>();

function wantedOf(condition: StoredCondition): Wanted {
  const known = wanted.get(condition);
  if (known !== undefined) return known;
  const value = condition.value as Scalar | readonly Scalar[];
  const values: readonly Scalar[] = Array.isArray(value) ? value : [value as Scalar];
  const made = {
    keys: new Set(values.map((one) => keyOf(JSON.stringify(one)))),
    number: typeof value === 'number' ? decimalOf(JSON.stringify(value)) : undefined,
  };
  wanted.set(condition, made);
  return made;
}
