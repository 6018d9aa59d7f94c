import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readTraceContext, spanContextOf, traceHeaders } from '../../src/tracing/trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const parent = `00-${traceId}-${spanId}-01`;

test('a place in a trace is read, and handed on as it was', () => {
  const read = readTraceContext({
    traceparent: parent,
    tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  });
  expect(traceHeaders(read ?? '')).toEqual({
    traceparent: parent,
    tracestate: 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE',
  });
  expect(spanContextOf(read ?? '')).toMatchObject({ traceId, spanId, traceFlags: 1, isRemote: true });
  expect(readTraceContext({ traceparent: `00-${traceId}-${spanId}-00` })).toBe(`00-${traceId}-${spanId}-00`);
});

test('of the flags only the one that is known is kept, and of a later version what this one knows', () => {
  expect(readTraceContext({ traceparent: `00-${traceId}-${spanId}-ff` })).toBe(parent);
  expect(readTraceContext({ traceparent: `cc-${traceId}-${spanId}-01-what-comes-later` })).toBe(parent);
});

test.each([
  ['empty', ''],
  ['a word', 'hello'],
  ['upper case', parent.toUpperCase()],
  ['the forbidden version', `ff${parent.slice(2)}`],
  ['no trace', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['no span', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['more than this version has', `${parent}-more`],
  ['two of them', `${parent}, ${parent}`],
  ['a short one', parent.slice(0, -1)],
  ['a line break', `${parent}\r\nx-evil: 1`],
  ['a very long one', `01-${traceId}-${spanId}-01-${'x'.repeat(100_000)}`],
])('a traceparent that is %s counts as none', (_what, traceparent) => {
  expect(readTraceContext({ traceparent, tracestate: 'a=1' })).toBeUndefined();
});

test.each([
  ['a very long one', `a=${'x'.repeat(10_000)}`],
  ['no list', 'hello'],
  ['an empty one', ''],
  ['characters of other alphabets', 'a=ü'],
  ['a line break', 'a=1\r\nb: 2'],
])('a tracestate that is %s is left out, and the rest is kept', (_what, tracestate) => {
  expect(readTraceContext({ traceparent: parent, tracestate })).toBe(parent);
});

test('whatever is sent, what is kept is short, printable and read again as the same', () => {
  const given = fc.record({
    traceparent: fc.oneof(
      fc.string(),
      fc.constant(parent),
      fc
        .tuple(fc.constantFrom('00', '01', 'ff'), fc.string())
        .map(([v, rest]) => `${v}${parent.slice(2)}${rest}`),
    ),
    tracestate: fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.tuple(fc.string(), fc.string())).map((list) => list.map(([k, v]) => `${k}=${v}`).join(',')),
    ),
  });
  fc.assert(
    fc.property(given, (headers) => {
      const read = readTraceContext(headers);
      if (read === undefined) return;
      expect(read).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]( [\x21-\x7e][\x20-\x7e]*)?$/);
      expect(read.length).toBeLessThanOrEqual(55 + 1 + 512);
      const { traceparent, tracestate } = traceHeaders(read);
      expect(readTraceContext({ traceparent, tracestate })).toBe(read);
    }),
    { numRuns: 200 },
  );
});
