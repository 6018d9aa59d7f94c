import { expect, test } from 'vitest';
import { endableStream } from '../../src/transports/stream.ts';

function source(options: { hangs?: boolean; fails?: boolean } = {}) {
  let given = 0;
  const state = { returned: 0 };
  const stream: AsyncIterableIterator<number> = {
    [Symbol.asyncIterator]: () => stream,
    async next() {
      if (options.fails === true) throw new Error('broken');
      if (options.hangs === true) return await new Promise(() => undefined);
      given += 1;
      return given <= 3 ? { done: false, value: given } : { done: true, value: undefined };
    },
    async return() {
      state.returned += 1;
      return { done: true, value: undefined };
    },
  };
  return { stream, state };
}

const done = { done: true, value: undefined };

test('hands on what the source gives, and ends once', async () => {
  let ends = 0;
  const all: number[] = [];
  const stream = endableStream(source().stream, { onEnd: () => ends++ });
  for await (const value of stream) all.push(value);
  expect(all).toEqual([1, 2, 3]);
  expect(await stream.next()).toEqual(done);
  await stream.return?.();
  expect(ends).toBe(1);
});

test('is ended from outside while the source hangs: with a last value, then no more', async () => {
  const { stream: hanging, state } = source({ hangs: true });
  const ending = new AbortController();
  let ends = 0;
  const stream = endableStream(hanging, { signal: ending.signal, last: () => -1, onEnd: () => ends++ });
  const next = stream.next();
  ending.abort();
  expect(await next).toEqual({ done: false, value: -1 });
  expect(await stream.next()).toEqual(done);
  expect(state.returned).toBe(1);
  expect(ends).toBe(1);
});

test('ended between two values, the last value comes at the next call', async () => {
  const ending = new AbortController();
  const stream = endableStream(source().stream, { signal: ending.signal, last: () => -1 });
  expect((await stream.next()).value).toBe(1);
  ending.abort();
  expect(await stream.next()).toEqual({ done: false, value: -1 });
  expect(await stream.next()).toEqual(done);
});

test('ended before it began, it gives the last value alone', async () => {
  const { stream: given, state } = source();
  const stream = endableStream(given, { signal: AbortSignal.abort(), last: () => -1 });
  expect(await stream.next()).toEqual({ done: false, value: -1 });
  expect(await stream.next()).toEqual(done);
  expect(state.returned).toBe(1);
});

test('a consumer that leaves is answered at once, though the source hangs', async () => {
  const { stream: hanging, state } = source({ hangs: true });
  const stream = endableStream(hanging, {});
  const next = stream.next();
  await stream.return?.();
  expect(await next).toEqual(done);
  expect(state.returned).toBe(1);
});

test('what the source throws is thrown, and ends it', async () => {
  let ends = 0;
  const stream = endableStream(source({ fails: true }).stream, { onEnd: () => ends++ });
  await expect(stream.next()).rejects.toThrow('broken');
  expect(await stream.next()).toEqual(done);
  expect(ends).toBe(1);
});
