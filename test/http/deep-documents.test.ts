import { GraphQLError, parse } from 'graphql';
import { expect, test } from 'vitest';
import { useDocumentLimits } from '../../src/transports/use-document-limits.ts';

type OnParse = NonNullable<ReturnType<typeof useDocumentLimits>['onParse']>;

function parseWithin(): typeof parse {
  let parseFn = parse;
  const event = { setParseFn: (given: typeof parse) => (parseFn = given) };
  useDocumentLimits().onParse?.(Object.assign(Object.create(null), event) as Parameters<OnParse>[0]);
  return parseFn;
}

/** Calls it where so little is left of the stack that it does not throw a RangeError. */
function nearTheEnd<T>(call: () => T): T {
  try {
    return nearTheEnd(call);
  } catch {
    return call();
  }
}

test('a document for which the stack is too small is refused, not our fault', () => {
  const parseFn = parseWithin();
  const document = `{ a(b: ${'['.repeat(800)}${']'.repeat(800)}) }`;
  expect(parseFn(document).kind).toBe('Document');
  const outcome = nearTheEnd(() => {
    try {
      return parseFn(document);
    } catch (error) {
      if (error instanceof GraphQLError) return error;
      throw error;
    }
  });
  expect(outcome).toMatchObject({
    message: 'The document is nested too deeply.',
    extensions: { code: 'GRAPHQL_PARSE_FAILED' },
  });
});
