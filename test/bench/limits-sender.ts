import { ask, type Caller } from '../support/client.ts';

/**
 * A process that gets a caller, and makes five calls at a time until it gets another message: one after another against
 * each limit of its tenant, or as many small reads. It answers with the number of calls that were refused by a limit,
 * and of those that were not.
 */
const callsOf = (
  type: string,
): readonly (readonly [field: string, input: string, value: (n: number) => object])[] => [
  [
    'createEndpoint',
    'CreateEndpointInput',
    () => ({ url: 'http://127.0.0.1:8080/', events: ['*'], isActive: false }),
  ],
  ['createApiKey', 'CreateApiKeyInput', (n) => ({ name: `key ${n}`, permissions: ['MANAGE_WEBHOOKS'] })],
  [
    'createApp',
    'CreateAppInput',
    (n) => ({ name: `app ${n}`, source: `a${n}.example`, ownerEmail: 'a@example.com' }),
  ],
  [
    'registerEventType',
    'RegisterEventTypeInput',
    (n) => ({ name: `limit.n${n}`, description: 'One more.', dataType: 'N', example: {} }),
  ],
  ['publishEvents', 'PublishEventsInput', (n) => ({ events: [{ type, payload: { n } }] })],
];

type Order = Readonly<{ caller: Caller; type: string; reads: boolean }>;

process.once('message', async ({ caller, type, reads }: Order) => {
  let ending = false;
  let [refused, taken, n] = [0, 0, 0];
  process.once('message', () => {
    ending = true;
  });
  process.send?.('started');
  await Promise.all(
    callsOf(type).map(async ([field, input, value]) => {
      const document = `mutation ($input: ${input}!) { ${field}(input: $input) { __typename } }`;
      while (!ending) {
        n += 1;
        if (reads) {
          await ask(caller, '{ endpoints(first: 1) { nodes { id } } }');
          taken += 1;
          continue;
        }
        const result = await ask<Record<string, { __typename: string }>>(caller, document, {
          input: value(n),
        });
        if (result[field]?.__typename === 'LimitExceededError') refused += 1;
        else taken += 1;
      }
    }),
  );
  process.send?.({ refused, taken }, () => process.disconnect());
});
