import { readFileSync } from 'node:fs';
import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { refuseOperation } from '../../src/graph/operation-cost.ts';
import { callOf, placesOf } from '../journeys/every-input.ts';

const schema = buildSchema(readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8'));
const canary = 'whsec_canary';

function messagesOf(source: string, variables: Record<string, unknown>): readonly string[] {
  const document = parse(source);
  const operation = getOperationAST(document);
  if (operation == null) throw new Error('There is one.');
  const errors = refuseOperation({ schema, document, operation, variables, context: {} });
  return (errors ?? []).map(({ message }) => message);
}

test('whatever has the wrong type in whatever place, the refusal does not repeat it', () => {
  const roots = [schema.getQueryType(), schema.getMutationType()] as const;
  let refused = 0;
  for (const root of roots) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      const call = callOf(root === roots[0] ? 'query' : 'mutation', field);
      for (const { path, type, variables } of placesOf(field, () => undefined)) {
        for (const value of [{ of: canary }, [[canary]], `${canary} at "x"; `]) {
          const messages = messagesOf(call, variables(value));
          refused += messages.length;
          // A text in the place of an enum's value is repeated, as it is no secret.
          const others = messages.filter((message) => !message.includes('does not exist in'));
          expect(others.join('\n'), `${path}: ${type}`).not.toContain(canary);
        }
      }
    }
  }
  expect(refused).toBeGreaterThan(200);
});

test('it names the variable, the place in it, and what is right', () => {
  const call = 'mutation ($input: CreateEndpointInput!) { createEndpoint(input: $input) { __typename } }';
  const input = { url: 'https://example.com', events: ['*'], secret: canary };
  expect(messagesOf(call, { input: { ...input, headers: [{ name: 'x', value: [canary] }] } })).toEqual([
    'Variable "$input" got invalid value at "input.headers[0].value"; String cannot represent a non string value.',
  ]);
  expect(messagesOf(call, { input: { ...input, event: [] } })).toEqual([
    'Variable "$input" got invalid value; Field "event" is not defined by type "CreateEndpointInput". Did you mean "events"?',
  ]);
  expect(messagesOf(call, { input: { ...input, timeoutMs: 1.5 } })).toEqual([
    'Variable "$input" got invalid value 1.5 at "input.timeoutMs"; Int cannot represent non-integer value: 1.5',
  ]);
});
