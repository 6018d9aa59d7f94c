import pg from 'pg';
import { expect, test } from 'vitest';
import { parseTimestamp } from '../../src/times/parse-timestamp.ts';

const timestamptz = 1184;
const usual = (text: string): unknown => pg.types.getTypeParser(timestamptz)(text);

test('reads what PostgreSQL writes in UTC as the usual parser does', () => {
  for (let n = 0; n < 2_000; n += 1) {
    const time = new Date(Math.floor((n / 2_000) * 280_000_000_000_000) - 30_000_000_000_000 + n * 7_919);
    const iso = time.toISOString();
    for (const digits of [0, 1, 2, 3]) {
      const fraction = digits === 0 ? '' : iso.slice(19, 20 + digits);
      const text = `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}+00`;
      expect(parseTimestamp(text), text).toEqual(usual(text));
    }
  }
});

test.each(['2026-03-01 09:30:00.123456+00', '2024-02-29 23:59:59.999999+00', '1969-12-31 23:59:59.5+00'])(
  'reads %s',
  (text) => expect(parseTimestamp(text)).toEqual(usual(text)),
);

test.each([
  'infinity',
  '-infinity',
  '0044-03-15 12:00:00+00',
  '0044-03-15 12:00:00+00 BC',
  '12026-03-01 09:30:00+00',
  '2026-03-01 09:30:00+01',
  '2026-03-01 09:30:00+05:30',
  '2026-03-01 09:30:00.5-00:30',
  '2026-03-01 09:30:00',
  '2026-03-01',
  '',
])('leaves %j to the usual parser', (text) => expect(parseTimestamp(text)).toBeUndefined());
