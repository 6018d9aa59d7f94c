/** A JSON number: its digits without zeros at the beginning and end, and the power of ten of the first digit. */
type Decimal = Readonly<{ isNegative: boolean; digits: string; magnitude: bigint }>;

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Compares two numbers, as they are written in JSON, by value. Returns a negative number if the first is less, and 0 if they
 * are equal. It is exact for any number of digits, and 1e1000000 takes no more memory than 1.
 */
export function compareDecimals(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left.digits === '' || right.digits === '') return signOf(left) - signOf(right);
  if (left.isNegative !== right.isNegative) return left.isNegative ? -1 : 1;
  const sign = left.isNegative ? -1 : 1;
  if (left.magnitude !== right.magnitude) return left.magnitude < right.magnitude ? -sign : sign;
  // The digits begin at the same power of ten. So if one is the beginning of the other, the longer one is greater.
  if (left.digits === right.digits) return 0;
  return left.digits < right.digits ? -sign : sign;
}

function parse(text: string): Decimal {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] = form.exec(text) ?? [];
  const all = whole + fraction;
  const zeros = all.length - all.replace(/^0+/, '').length;
  const digits = withoutTrailingZeros(all.slice(zeros));
  const magnitude = BigInt(exponent.replace('+', '')) + BigInt(whole.length - zeros);
  return { isNegative: minus === '-', digits, magnitude };
}

/** A loop instead of a pattern such as /0+$/, which takes time in proportion to the square of the number of zeros. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

const signOf = ({ digits, isNegative }: Decimal) => (digits === '' ? 0 : isNegative ? -1 : 1);
