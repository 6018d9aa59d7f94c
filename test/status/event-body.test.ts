import fc from 'fast-check';
import { expect, test } from 'vitest';
import { payloadTextOf, renderEventBody } from '../../src/status/event-body.ts';

const occurredAt = new Date('2026-11-21T10:00:00.120Z');

test('the body contains the payload byte for byte', () => {
  const payloadText = '{ "b":1,"2":1, "n":12345678901234567890, "x":1.0 }';
  const body = renderEventBody({ type: 'comment.created', occurredAt, payloadText });
  expect(body).toBe(
    `{"type":"comment.created","timestamp":"2026-11-21T10:00:00.120Z","data":${payloadText}}`,
  );
  expect(payloadTextOf(body, 'comment.created', occurredAt)).toBe(payloadText);
});

test('any payload comes back as it was', () => {
  fc.assert(
    fc.property(fc.json(), fc.string(), fc.date({ noInvalidDate: true }), (payloadText, type, at) => {
      expect(payloadTextOf(renderEventBody({ type, occurredAt: at, payloadText }), type, at)).toBe(
        payloadText,
      );
    }),
  );
});

test('a body of another event is refused', () => {
  const body = renderEventBody({ type: 'a.b', occurredAt, payloadText: '1' });
  expect(() => payloadTextOf(body, 'a.c', occurredAt)).toThrow('does not match');
});
