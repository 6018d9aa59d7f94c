import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { badUserInput, KeysUnavailableError, NotFoundError, RequestError } from '../../src/errors.ts';
import { maskError } from '../../src/graph/mask-error.ts';
import { ask } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema } = createTestSchema();

const withCode = (code: string) => Object.assign(new Error(`${code} 10.1.2.3`), { code });

function mask(error: unknown, hideSuggestions = false) {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  const { message, extensions } = maskError(error, { requestId: 'r1', logger, hideSuggestions });
  return { message, extensions, lines };
}

test('what was meant for the caller leaves with its code and extensions', () => {
  expect(mask(badUserInput('`x` is wrong.', { argument: 'x' }))).toEqual({
    message: '`x` is wrong.',
    extensions: { argument: 'x', code: 'BAD_USER_INPUT' },
    lines: [],
  });
  expect(mask(new NotFoundError('ep_1')).extensions).toEqual({ code: 'NOT_FOUND' });
});

test('extensions never replace the code', () => {
  expect(mask(new RequestError('FORBIDDEN', 'No.', { code: 'OTHER' })).extensions.code).toBe('FORBIDDEN');
});

test('a fault of ours says only that there was one; the log has it once, with the request’s id', () => {
  const { message, extensions, lines } = mask(new Error('connect ECONNREFUSED 10.1.2.3'));
  expect(message).toBe('An internal error happened.');
  expect(extensions).toEqual({ code: 'INTERNAL', requestId: 'r1' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('ECONNREFUSED 10.1.2.3');
  expect(lines[0]).toContain('"requestId":"r1"');
});

test('the error about an unavailable database says that a mutation may have been done although its answer was lost', () => {
  const { message, extensions } = mask(withCode('ECONNRESET'));
  expect(message).toMatch(
    /database .*\. Try again\. If this was a mutation without an idempotency key, it may have been done already\.$/,
  );
  expect(extensions).toEqual({ code: 'UNAVAILABLE', requestId: 'r1', retryAfterSeconds: 1 });
});

test('a statement that took too long is no reason to send it again at once', () => {
  expect(mask(withCode('57014')).extensions.code).toBe('INTERNAL');
});

test('the error about an unavailable issuer does not name its address, which only the log has', () => {
  const { message, extensions, lines } = mask(new KeysUnavailableError(withCode('ECONNREFUSED')));
  expect(message).toBe('The keys of the token issuer are not available at the moment. Try again.');
  expect(extensions).toEqual({ code: 'UNAVAILABLE', requestId: 'r1', retryAfterSeconds: 1 });
  expect(lines[0]).toContain('10.1.2.3');
});

test('of an outage the log has one line a while, without a stack and with how many there were', () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  for (let n = 0; n < 1_000; n += 1) {
    maskError(withCode('ECONNREFUSED'), { requestId: `r${n}`, logger, hideSuggestions: false });
  }
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    {
      level: 40,
      requestId: 'r0',
      error: 'ECONNREFUSED 10.1.2.3',
      msg: 'answered a request with UNAVAILABLE',
    },
  ]);
  expect(lines[0]).not.toContain('mask-error');
});

test('what is thrown and is no error is a fault of ours, too', () => {
  for (const thrown of ['text', undefined, null, { message: 'x' }]) {
    expect(mask(thrown).extensions.code).toBe('INTERNAL');
  }
});

test('no way of throwing in a resolver shows more', async () => {
  for (const how of ['error', 'graphql', 'pothos', 'wrapped']) {
    expect(await ask(schema, `{ fails(how: "${how}") }`)).toEqual({
      data: { fails: null },
      errors: ['INTERNAL at fails: An internal error happened.'],
    });
  }
  expect((await ask(schema, '{ fails(how: "domain") }')).errors).toEqual([
    'CONFLICT at fails: It is in use.',
  ]);
  expect((await ask(schema, '{ fails(how: "request") }')).errors).toEqual([
    'BAD_USER_INPUT at fails: `x` is wrong.',
  ]);
});

test('suggestions are left out where the schema is not to be guessed', () => {
  const error = new GraphQLError(
    'Cannot query field "thing" on type "Query". Did you mean "things" or "ticks"?',
  );
  expect(mask(error).message).toContain('Did you mean "things"');
  expect(mask(error, true).message).toBe('Cannot query field "thing" on type "Query".');
});

test('a value of megabytes is not repeated to who sent it', () => {
  const value = `"${'x'.repeat(3_000_000)}"`;
  const { message } = mask(new GraphQLError(`Variable "$at" got invalid value ${value}; It is no DateTime.`));
  expect(message).toHaveLength(2_003);
  expect(message).toMatch(/^Variable "\$at" got invalid value "x+ … x+"; It is no DateTime\.$/);
});
