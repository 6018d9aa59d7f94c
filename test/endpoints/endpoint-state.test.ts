import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Endpoint, getEndpoint } from '../../src/endpoints/endpoint.ts';
import { type EndpointCircuit, untroubled } from '../../src/endpoints/endpoint-health.ts';
import { updateEndpoint } from '../../src/endpoints/update-endpoint.ts';
import { findLastChanges, stateOf } from '../../src/holding/endpoint-state.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
let ownerId: string;
let endpoint: Endpoint;
beforeAll(async () => {
  room = await openRoom();
  ownerId = await room.newOwner();
  ({ endpoint } = await room.newEndpoint(ownerId));
});
afterAll(() => room.close());

const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const [startedAt, checkedAt, openedAt] = [day(1), day(2), day(3)];
const verified: Partial<Endpoint> = { is_active: true, verification: 'VERIFIED' };
const open: EndpointCircuit = {
  circuit: 'OPEN',
  opened_at: openedAt,
  next_probe_at: new Date(),
  consecutive_failures: 12,
};

const state = (changed: Partial<Endpoint>, circuit = untroubled, requireVerification = true) =>
  stateOf({ ...endpoint, ...verified, ...changed }, { circuit, requireVerification });

test.each([
  ['ACTIVE', {}, { reason: null, since: null }],
  ['PAUSED', { is_active: false, disabled_reason: 'MANUAL' }, { sinceChangeOf: 'isActive' }],
  ['DISABLED', { is_active: false, disabled_reason: 'FAILING' }, { sinceChangeOf: 'isActive' }],
  ['DISABLED', { is_active: false, disabled_reason: 'GONE' }, { sinceChangeOf: 'isActive' }],
  ['UNVERIFIED', { verification: 'UNVERIFIED' }, { sinceChangeOf: 'url' }],
  ['UNVERIFIED', { verification: 'PENDING', handshake_started_at: startedAt }, { since: startedAt }],
  [
    'UNVERIFIED',
    { verification: 'FAILED', verification_checked_at: checkedAt, verification_reason: 'No answer.' },
    { since: checkedAt, reason: 'No answer.' },
  ],
] as const)('%s: %o', (name, changed, expected) => {
  expect(state(changed)).toMatchObject({ name, ...expected });
  if (name !== 'ACTIVE') expect(state(changed).reason).toMatch(/^[A-Z].*\.$/);
});

test('an endpoint that fails is RESTING, unless something else keeps it', () => {
  expect(state({}, open)).toEqual({
    name: 'RESTING',
    reason: expect.stringContaining('12 attempts'),
    since: openedAt,
  });
  expect(state({}, { ...open, circuit: 'HALF_OPEN' }).name).toBe('RESTING');
  expect(state({ is_active: false, disabled_reason: 'MANUAL' }, open).name).toBe('PAUSED');
  expect(state({ verification: 'FAILED' }, open).name).toBe('UNVERIFIED');
});

test('where no handshake is needed nothing is UNVERIFIED', () => {
  expect(state({ verification: 'UNVERIFIED' }, untroubled, false).name).toBe('ACTIVE');
  expect(state({ verification: 'UNVERIFIED' }, open, false).name).toBe('RESTING');
});

test('the audit log tells since when a field has its value, whatever else was changed since', async () => {
  const { endpoint: other } = await room.newEndpoint(ownerId);
  const changed = (values: object) =>
    room.act((trx) => updateEndpoint(trx, { ownerId, id: endpoint.id, values, by }));
  await changed({ isActive: false });
  const pausedAt = (await getEndpoint(room.database.query, ownerId, endpoint.id)).updated_at;
  await changed({ description: 'still paused' });
  const asked = [
    { id: endpoint.id, field: 'isActive' as const },
    { id: other.id, field: 'url' as const },
  ];
  const found = await findLastChanges(room.database.query, ownerId, asked);
  expect(Math.abs((found.get(endpoint.id)?.getTime() ?? 0) - pausedAt.getTime())).toBeLessThan(1_000);
  expect(found.get(other.id)).toBeInstanceOf(Date);
  expect(await findLastChanges(room.database.query, await room.newOwner(), asked)).toEqual(new Map());
});
