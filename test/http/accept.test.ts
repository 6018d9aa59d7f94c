import { OperationTypeNode } from 'graphql';
import { expect, test } from 'vitest';
import { chooseMediaType } from '../../src/transports/accept.ts';

const { QUERY, SUBSCRIPTION } = OperationTypeNode;
const apollo =
  'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9';

const cases: [accept: string | undefined, query: string | undefined, subscription: string | undefined][] = [
  [undefined, 'application/json', 'text/event-stream'],
  ['', 'application/json', 'text/event-stream'],
  ['*/*', 'application/json', 'text/event-stream'],
  ['application/*', 'application/json', undefined],
  ['text/*', 'text/event-stream', 'text/event-stream'],
  ['application/json', 'application/json', undefined],
  ['APPLICATION/JSON; charset=UTF-8', 'application/json', undefined],
  ['application/json; charset="utf8"', 'application/json', undefined],
  ['application/json; charset=latin1', undefined, undefined],
  ['text/html, image/png', undefined, undefined],
  ['text/event-stream', 'text/event-stream', 'text/event-stream'],
  ['text/event-stream, application/json', 'text/event-stream', 'text/event-stream'],
  [
    'application/graphql-response+json, application/json;q=0.9',
    'application/graphql-response+json',
    undefined,
  ],
  [
    'application/json;q=0.1, application/graphql-response+json;q=0.2',
    'application/graphql-response+json',
    undefined,
  ],
  ['application/json;q=0', undefined, undefined],
  ['application/json;q=0.000, */*', 'application/graphql-response+json', 'text/event-stream'],
  ['*/*, text/event-stream;q=0', 'application/json', undefined],
  ['*/*;q=0', undefined, undefined],
  ['application/json; q="0"', undefined, undefined],
  ['multipart/mixed', undefined, undefined],
  ['multipart/mixed;subscriptionSpec=2.0', undefined, undefined],
  ['multipart/mixed;subscriptionSpec="1.0"', undefined, 'multipart/mixed'],
  ['multipart/mixed; boundary="a,b;c"; subscriptionSpec=1.0', undefined, 'multipart/mixed'],
  [apollo, 'application/graphql-response+json', 'multipart/mixed'],
  [`text/event-stream;q=0.5, ${apollo}`, 'application/graphql-response+json', 'multipart/mixed'],
  ['multipart/mixed;subscriptionSpec=1.0;q=0.3, text/event-stream', 'text/event-stream', 'text/event-stream'],
];

test.each(cases)('accept: %s', (accept, query, subscription) => {
  expect({
    query: chooseMediaType(accept, QUERY),
    subscription: chooseMediaType(accept, SUBSCRIPTION),
  }).toEqual({
    query,
    subscription,
  });
});
