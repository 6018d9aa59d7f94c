/** A JSON number as its digits without zeros at either end, and the power of ten of the first of them. */
type Decimal = Readonly<{ isNegative: boolean; digits: string; magnitude: bigint }>;

const form = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Compares two numbers, as they are written in JSON, by their values: below 0 where the first is less, 0 where they
 * are equal. No digit is lost, however many there are, and none is made: 1e1000000 takes no more than 1.
 */
export function compareDecimals(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (left.digits === '' || right.digits === '') return signOf(left) - signOf(right);
  if (left.isNegative !== right.isNegative) return left.isNegative ? -1 : 1;
  const sign = left.isNegative ? -1 : 1;
  if (left.magnitude !== right.magnitude) return left.magnitude < right.magnitude ? -sign : sign;
  // Digits stand at the same places: the longer of two that begin alike is the greater.
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

/** By hand: a pattern such as /0+$/ takes a time that grows with the square of the zeros. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return digits.slice(0, end);
}

const signOf = ({ digits, isNegative }: Decimal) => (digits === '' ? 0 : isNegative ? -1 : 1);
