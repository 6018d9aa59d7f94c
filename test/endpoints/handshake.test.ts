import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyEndpoint } from '../../src/endpoints/verify-endpoint.ts';
import { type Answer, json, rightEcho, startReceiver } from './receiver.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
beforeAll(async () => {
  room = await openRoom();
  ownerId = await room.newOwner();
});
afterAll(() => room.close());

const withType =
  (contentType: string): Answer =>
  (response, { challenge }) =>
    response.writeHead(200, { 'content-type': contentType }).end(JSON.stringify({ challenge }));

const endless: Answer = (response, { challenge }) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write(JSON.stringify({ challenge }));
  const more = () => {
    while (response.write(' '.repeat(1_000)));
  };
  response.on('drain', more);
  more();
};

const unfinished: Answer = (response, { challenge }) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write(JSON.stringify({ challenge }));
};

const cases: [name: string, answer: Answer, reason: string | undefined][] = [
  ['the right echo', rightEcho, undefined],
  ['201 with more fields', json((challenge) => ({ challenge, more: 1 }), 201), undefined],
  ['JSON with parameters', withType('application/json; charset=utf-8'), undefined],
  ['a kin of JSON', withType('application/vnd.acme+json'), undefined],
  [
    'a wrong echo',
    json(() => ({ challenge: 'x' })),
    'The `challenge` in the answer is not the one that was sent.',
  ],
  [
    'a nested echo',
    json((challenge) => ({ data: { challenge } })),
    'The answer has no `challenge` at its top level.',
  ],
  ['a bare string', json((challenge) => challenge), 'The answer has no `challenge` at its top level.'],
  ['text/plain', withType('text/plain'), 'The content type of the answer must be application/json.'],
  [
    'a false friend of JSON',
    withType('text/json'),
    'The content type of the answer must be application/json.',
  ],
  [
    'no JSON',
    (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"challenge'),
    'The body of the answer is not JSON.',
  ],
  [
    '302',
    (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    'The endpoint answered with a redirect (302). Redirects are not followed.',
  ],
  [
    '500',
    json((challenge) => ({ challenge }), 500),
    'The endpoint answered with status 500; it must be 2xx.',
  ],
  ['no answer', () => undefined, 'The endpoint did not answer within 0.4 s.'],
  [
    'an endless body',
    endless,
    'The answer is too long. It must be a JSON object with the challenge and little else.',
  ],
  ['a body that does not end', unfinished, 'The answer was not complete within 0.4 s.'],
];

test.for(cases)('%s', async ([, answer, reason]) => {
  const receiver = await startReceiver(answer);
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  const isLate = reason?.endsWith('within 0.4 s.') === true;
  const handshakes = room.newHandshakes({ verifyTimeoutMs: isLate ? 400 : 30_000 });
  const result = await verifyEndpoint(room.database.query, handshakes, { ownerId, id: endpoint.id, by });
  await receiver.close();

  expect(result).toMatchObject({ verified: reason === undefined, reason });
  expect(result.endpoint).toMatchObject({
    verification: reason === undefined ? 'VERIFIED' : 'FAILED',
    verification_reason: reason ?? null,
    handshake_started_at: null,
  });
  expect(result.endpoint.verification_checked_at).toBeInstanceOf(Date);
  expect(result.endpoint.verified_at === null).toBe(reason !== undefined);
});

test('the error about a forbidden address is the same wherever the address is', async () => {
  const { endpoint } = await room.newEndpoint(ownerId, { url: 'http://127.0.0.2:8080/hook' });
  const result = await verifyEndpoint(room.database.query, room.handshakes, { ownerId, id: endpoint.id, by });
  expect(result).toMatchObject({
    verified: false,
    reason: 'The URL leads to an address that webhooks may not be sent to.',
  });
});

test('a closed port is a failed connection', async () => {
  const receiver = await startReceiver(rightEcho);
  await receiver.close();
  const { endpoint } = await room.newEndpoint(ownerId, { url: receiver.url });
  const result = await verifyEndpoint(room.database.query, room.handshakes, { ownerId, id: endpoint.id, by });
  expect(result.verified).toBe(false);
  expect(result.reason).toMatch(/^The endpoint gave no valid answer: /);
});

test('the request is signed as every delivery is, and each challenge is used once', async () => {
  const receiver = await startReceiver(rightEcho);
  const { endpoint, secret } = await room.newEndpoint(ownerId, { url: receiver.url });
  for (let time = 0; time < 2; time += 1) {
    await verifyEndpoint(room.database.query, room.handshakes, { ownerId, id: endpoint.id, by });
  }
  await receiver.close();

  const [first, second] = receiver.received;
  expect(first?.challenge).toMatch(/^[\w-]{43}$/);
  expect(second?.challenge).not.toBe(first?.challenge);
  for (const { headers, body, challenge } of receiver.received) {
    const signed = {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': String(headers['webhook-timestamp']),
      'webhook-signature': String(headers['webhook-signature']),
    };
    expect(new Webhook(secret).verify(body, signed)).toEqual({
      type: 'endpoint.verification',
      challenge,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(signed['webhook-id']).toMatch(/^evt_[0-9a-z]{26}$/);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Heliograph/test' });
  }
});
