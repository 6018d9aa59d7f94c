const [zero, dash, space, colon, dot, plus] = [0x30, 0x2d, 0x20, 0x3a, 0x2e, 0x2b];

const digit = (text: string, at: number) => text.charCodeAt(at) - zero;
const twoDigits = (text: string, at: number) => digit(text, at) * 10 + digit(text, at + 1);

/**
 * The time that PostgreSQL writes as `2026-03-01 09:30:00.25+00`, in a third of the time of the usual
 * parser; a list has hundreds of them. Undefined for everything else that it may write: infinity, other offsets, and
 * years before 1000 or after 9999. Digits beyond milliseconds are dropped.
 */
export function parseTimestamp(text: string): Date | undefined {
  const end = text.length - 3;
  const isUsual =
    end >= 19 &&
    text.charCodeAt(4) === dash &&
    text.charCodeAt(10) === space &&
    text.charCodeAt(13) === colon &&
    (end === 19 || text.charCodeAt(19) === dot) &&
    text.charCodeAt(end) === plus &&
    twoDigits(text, end + 1) === 0 &&
    text.charCodeAt(0) !== zero;
  if (!isUsual) return undefined;
  let milliseconds = 0;
  for (let at = 20; at < 23; at += 1) milliseconds = milliseconds * 10 + (at < end ? digit(text, at) : 0);
  const time = Date.UTC(
    twoDigits(text, 0) * 100 + twoDigits(text, 2),
    twoDigits(text, 5) - 1,
    twoDigits(text, 8),
    twoDigits(text, 11),
    twoDigits(text, 14),
    twoDigits(text, 17),
    milliseconds,
  );
  return new Date(time);
}
