import type { Ajv2020 } from 'ajv/dist/2020.js';
import { canonicalJson } from '../idempotency/canonical-json.ts';

/**
 * Two keywords that Ajv implements differently: its `uniqueItems` compares every item with every other one, and its
 * `multipleOf` divides floats, so 19.99 is not a multiple of 0.01.
 */
export function addExactKeywords(ajv: Ajv2020): void {
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must NOT have duplicate items' },
    validate: (mustBeUnique: boolean, items: readonly unknown[]) => !mustBeUnique || areUnique(items),
  });
  ajv.removeKeyword('multipleOf');
  ajv.addKeyword({
    keyword: 'multipleOf',
    type: 'number',
    schemaType: 'number',
    metaSchema: { type: 'number', exclusiveMinimum: 0 },
    error: { message: ({ schema }) => `must be multiple of ${String(schema)}` },
    validate: isMultipleOf,
  });
}

function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = canonicalJson(item);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

/** Compares the decimal digits of both as they are written: 19.99 is 1999 times 0.01. */
function isMultipleOf(step: number, value: number): boolean {
  const a = decimalOf(value);
  const b = decimalOf(step);
  const exponent = Math.min(a.exponent, b.exponent);
  return scaled(a, exponent) % scaled(b, exponent) === 0n;
}

type Decimal = { digits: bigint; exponent: number };

const scaled = ({ digits, exponent }: Decimal, to: number): bigint => digits * 10n ** BigInt(exponent - to);

/** The shortest decimal that reads as this float. For up to 15 digits it is what was written. */
function decimalOf(value: number): Decimal {
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '0', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}
