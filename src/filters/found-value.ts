import { type Decimal, decimalOf } from './decimal.ts';
import { elementsOf } from './json-pointer.ts';

/**
 * A value of a body, as conditions see it. A value may be a text of 256 KiB or a list of 130,000 elements, and a
 * thousand endpoints may have ten conditions each on it. So what comparing takes is worked out once, when the first
 * condition needs it.
 */
export class FoundValue {
  readonly #json: string;
  #text: string | undefined;
  #number: Decimal | undefined;
  #key: string | undefined;
  #elements: ReadonlySet<string> | undefined;

  constructor(json: string) {
    this.#json = json;
  }

  /** Undefined if it is not a text. */
  get text(): string | undefined {
    if (!this.#json.startsWith('"')) return undefined;
    this.#text ??= String(JSON.parse(this.#json));
    return this.#text;
  }

  /** Undefined if it is not a number. */
  get number(): Decimal | undefined {
    if (!isNumber(this.#json)) return undefined;
    this.#number ??= decimalOf(this.#json);
    return this.#number;
  }

  /** Equal values have the same key. The key of an object or a list is the key of no scalar. */
  get key(): string {
    this.#key ??= keyOf(this.#json);
    return this.#key;
  }

  /** The keys of a list's elements. Empty if it is not a list. */
  get elements(): ReadonlySet<string> {
    this.#elements ??= new Set(this.#json.startsWith('[') ? elementsOf(this.#json).map(keyOf) : []);
    return this.#elements;
  }
}

const isNumber = (json: string) => /^[-\d]/.test(json);

/** The key of a value that is given as JSON. */
export function keyOf(json: string): string {
  if (json.startsWith('"')) return `"${json.includes('\\') ? JSON.parse(json) : json.slice(1, -1)}`;
  if (!isNumber(json)) return json;
  const { isNegative, digits, magnitude } = decimalOf(json);
  return `${isNegative ? '-' : ''}${digits}e${magnitude}`;
}
