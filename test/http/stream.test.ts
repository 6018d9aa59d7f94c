import { type ExecutionResult, GraphQLSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import type { Services } from '../../src/graph/context.ts';
import { ResultStream } from '../../src/transports/result-stream.ts';

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

const asked = {
  args: { schema: new GraphQLSchema({}), document: parse('{ a }') },
  context: {
    services: {} as Services,
    actor: undefined,
    requestId: '',
    idempotencyKey: undefined,
    transport: 'sse' as const,
  },
  key: undefined,
};
const resultOf = async (_stream: ResultStream, value: unknown): Promise<ExecutionResult> => {
  if (value === 'bad') throw new Error('cannot be executed');
  return { data: { value } };
};
const results = (from: AsyncIterable<unknown>) => new ResultStream(from, { resultOf }, asked);

const done = { done: true, value: undefined };
const given = (value: unknown) => ({ done: false, value: { data: { value } } });
const farewell = {
  done: false,
  value: {
    errors: [{ message: 'The credential is no longer valid.', originalError: { message: 'revoked' } }],
  },
};
const revoked = new Error('revoked');

test('hands on a result for each event, and ends once', async () => {
  let ends = 0;
  const all: unknown[] = [];
  const stream = results(source().stream);
  stream.whenEnded(() => ends++);
  for await (const { data } of stream) all.push(data?.value);
  expect(all).toEqual([1, 2, 3]);
  expect(await stream.next()).toEqual(done);
  await stream.return();
  expect(ends).toBe(1);
  stream.whenEnded(() => ends++);
  expect(ends).toBe(2);
});

test('is ended from outside while the source hangs: with a last result, then no more', async () => {
  const { stream: hanging, state } = source({ hangs: true });
  const ending = new AbortController();
  let ends = 0;
  const stream = results(hanging);
  stream.endWith(ending.signal);
  stream.whenEnded(() => ends++);
  const next = stream.next();
  ending.abort(revoked);
  expect(await next).toMatchObject(farewell);
  expect(await stream.next()).toEqual(done);
  expect(state.returned).toBe(1);
  expect(ends).toBe(1);
});

test('ended between two events, the last result comes at the next call', async () => {
  const ending = new AbortController();
  const stream = results(source().stream);
  stream.endWith(ending.signal);
  expect(await stream.next()).toEqual(given(1));
  ending.abort(revoked);
  expect(await stream.next()).toMatchObject(farewell);
  expect(await stream.next()).toEqual(done);
});

test('ended before it began, it gives the last result alone', async () => {
  const { stream: from, state } = source();
  const stream = results(from);
  stream.endWith(AbortSignal.abort(revoked));
  expect(await stream.next()).toMatchObject(farewell);
  expect(await stream.next()).toEqual(done);
  expect(state.returned).toBe(1);
});

test('a consumer that leaves is answered at once, though the source hangs', async () => {
  const { stream: hanging, state } = source({ hangs: true });
  const stream = results(hanging);
  const next = stream.next();
  await stream.return();
  expect(await next).toEqual(done);
  expect(state.returned).toBe(1);
});

test('what the source throws is thrown, and ends it', async () => {
  let ends = 0;
  const stream = results(source({ fails: true }).stream);
  stream.whenEnded(() => ends++);
  await expect(stream.next()).rejects.toThrow('broken');
  expect(await stream.next()).toEqual(done);
  expect(ends).toBe(1);
});

test('an event that cannot be executed ends it, and its source', async () => {
  let returned = 0;
  const from = {
    [Symbol.asyncIterator]: () => ({
      next: async () => ({ done: false as const, value: 'bad' }),
      return: async () => {
        returned += 1;
        return { done: true as const, value: undefined };
      },
    }),
  };
  const stream = results(from);
  await expect(stream.next()).rejects.toThrow('cannot be executed');
  expect(await stream.next()).toEqual(done);
  expect(returned).toBe(1);
});
