/** A JSON number: its digits without zeros at the beginning and end, and the power of ten of the first digit. */
export type Decimal = Readonly<{ isNegative: boolean; digits: string; magnitude: bigint }>;

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?)(\d+))?$/;

/**
 * Reads a number as it is written in JSON. It is exact for any number of digits, and 1e1000000 takes no more memory
 * than 1.
 */
export function decimalOf(text: string): Decimal {
  const [, minus = '', whole = '', fraction = '', sign = '', exponent = ''] = form.exec(text) ?? [];
  const all = whole + fraction;
  const zeros = leadingZeros(all);
  const digits = withoutTrailingZeros(all.slice(zeros));
  // Zero has no first digit, so its exponent means nothing; reading one of 200,000 digits would take 50 ms.
  if (digits === '') return { isNegative: false, digits, magnitude: 0n };
  const power = BigInt(sign + (exponent.slice(leadingZeros(exponent)) || '0'));
  return { isNegative: minus === '-', digits, magnitude: power + BigInt(whole.length - zeros) };
}

/** Compares two numbers by value. Returns a negative number if the first is less, and 0 if they are equal. */
export function compareDecimals(left: Decimal, right: Decimal): number {
  if (left.digits === '' || right.digits === '') return signOf(left) - signOf(right);
  if (left.isNegative !== right.isNegative) return left.isNegative ? -1 : 1;
  const sign = left.isNegative ? -1 : 1;
  if (left.magnitude !== right.magnitude) return left.magnitude < right.magnitude ? -sign : sign;
  // The digits begin at the same power of ten. So if one is the beginning of the other, the longer one is greater.
  if (left.digits === right.digits) return 0;
  return left.digits < right.digits ? -sign : sign;
}

function leadingZeros(digits: string): number {
  let count = 0;
  while (digits.charCodeAt(count) === 0x30) count += 1;
  return count;
}

/** A loop instead of a pattern such as /0+$/, which takes time in proportion to the square of the number of zeros. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

const signOf = ({ digits, isNegative }: Decimal) => (digits === '' ? 0 : isNegative ? -1 : 1);
