import { ask, type Caller } from '../support/client.ts';

/**
 * A process that gets a caller, and makes one call after another against each limit of its tenant until it gets
 * another message. It answers with the number of calls that were refused by a limit, and of those that were not.
 */
const callsOf = (
  type: string,
): readonly (readonly [field: string, input: string, value: (n: number) => object])[] => [
  [
    'createEndpoint',
    'CreateEndpointInput',
    () => ({ url: 'http://127.0.0.1:9/', events: ['*'], isActive: false }),
  ],
  ['createApiKey', 'CreateApiKeyInput', (n) => ({ name: `key ${n}`, permissions: ['MANAGE_WEBHOOKS'] })],
  ['createApp', 'CreateAppInput', (n) => ({ name: `app ${n}`, source: `a${n}.example` })],
  [
    'registerEventType',
    'RegisterEventTypeInput',
    (n) => ({ name: `limit.n${n}`, description: 'One more.', dataType: 'N', example: {} }),
  ],
  ['publishEvents', 'PublishEventsInput', (n) => ({ events: [{ type, payload: { n } }] })],
];

process.once('message', async ({ caller, type }: { caller: Caller; type: string }) => {
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
