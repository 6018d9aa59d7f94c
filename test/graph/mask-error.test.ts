import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { badUserInput, NotFoundError, RequestError } from '../../src/errors.ts';
import { maskError } from '../../src/graph/mask-error.ts';
import { ask } from './ask.ts';
import { createTestSchema } from './test-schema.ts';

const { schema } = createTestSchema();

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
  expect(message).toBe('Something went wrong on our side.');
  expect(extensions).toEqual({ code: 'INTERNAL', requestId: 'r1' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('ECONNREFUSED 10.1.2.3');
  expect(lines[0]).toContain('"requestId":"r1"');
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
      errors: ['INTERNAL at fails: Something went wrong on our side.'],
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
