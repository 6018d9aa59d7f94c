import { expect, test } from 'vitest';
import { abortSignalOf, Ending } from '../../src/access/ending.ts';

function listener() {
  const told: string[] = [];
  return { told, handleEvent: () => void told.push('end') };
}

test('every listener is told once, and only those that still listen', () => {
  const ending = new Ending();
  const listeners = [listener(), listener(), listener(), listener()];
  for (const one of listeners) ending.addEventListener('abort', one);
  const [first, second] = listeners;
  if (second !== undefined) ending.removeEventListener('abort', second);
  ending.end('revoked');
  ending.end('expired');
  expect(ending).toMatchObject({ aborted: true, reason: 'revoked' });
  expect(listeners.map(({ told }) => told.length)).toEqual([1, 0, 1, 1]);
  if (first !== undefined) ending.addEventListener('abort', first);
  expect(first?.told).toEqual(['end']);
});

test('the last listener that leaves is not told either', () => {
  const ending = new Ending();
  const [first, second] = [listener(), listener()];
  for (const one of [first, second]) ending.addEventListener('abort', one);
  for (const one of [first, second]) ending.removeEventListener('abort', one);
  ending.addEventListener('abort', second);
  ending.removeEventListener('abort', second);
  ending.end('revoked');
  expect([first.told, second.told]).toEqual([[], []]);
});

test('its AbortSignal has the same reason, whether it was asked for before or after the end', () => {
  const [early, late] = [new Ending(), new Ending()];
  const signal = abortSignalOf(early);
  expect(signal.aborted).toBe(false);
  for (const ending of [early, late]) ending.end('revoked');
  expect(signal.reason).toBe('revoked');
  expect(abortSignalOf(early)).toBe(signal);
  expect(abortSignalOf(late).reason).toBe('revoked');
  expect(abortSignalOf(signal)).toBe(signal);
});
