import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseHead } from '../../src/egress/response-head.ts';

const line = fc.constantFrom(
  'Content-Length: 3',
  'content-length: 3',
  'CONTENT-LENGTH: 3, 3',
  'Content-Length: 3,4',
  'Content-Location: /a,b',
  'content-language: de, en',
  'Content-Type: text/plain',
  'Connection: keep-alive',
  'C',
  'content',
  'x: 1\r\n folded',
  'y: 2\n\tfolded',
  'z:',
  ' begins with a space',
);
const status = fc.constantFrom('200 OK', '100 Continue', '103', '101 Switching Protocols', '204', '1', '');
const head = fc
  .tuple(
    fc.constantFrom('HTTP/1.1 ', 'HTTP/1.0 ', 'HTTP/2 ', 'http/1.1 ', 'SSH-2.0 '),
    status,
    fc.array(line, { maxLength: 5 }),
    fc.constantFrom('\r\n', '\n'),
  )
  .map(([protocol, code, lines, end]) => [`${protocol}${code}`, ...lines, '', ''].join(end));
const answer = fc
  .array(head, { minLength: 1, maxLength: 3 })
  .map((heads) => Buffer.from(`${heads.join('')}a,b`));

function readAll(chunks: readonly Buffer[]): string {
  const reader = new ResponseHead();
  reader.expect();
  return chunks.map((chunk) => reader.read(chunk)?.toString('latin1') ?? '').join('');
}

test('an answer that comes at once is read like one that comes in parts', () => {
  fc.assert(
    fc.property(answer, fc.nat(), (bytes, at) => {
      const middle = at % bytes.length;
      expect(readAll([bytes])).toBe(readAll([bytes.subarray(0, middle), bytes.subarray(middle)]));
    }),
    { numRuns: 3_000 },
  );
});

test('a usual head is handed on as the same bytes', () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok');
  const reader = new ResponseHead();
  reader.expect();
  expect(reader.read(bytes)).toBe(bytes);
});
