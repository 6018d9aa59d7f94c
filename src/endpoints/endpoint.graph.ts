import { createContextCache } from '@pothos/core';
import { AuditEntryConnection } from '../audit/audit.graph.ts';
import type { AuditEntry } from '../audit/audit-entry.ts';
import { emptyPage, type Page, type PageRange, pageRange } from '../db/keyset.ts';
import { builder } from '../graph/builder.ts';
import { pageArgs, pageCost } from '../graph/connection.ts';
import type { Context } from '../graph/context.ts';
import { findAmong } from '../graph/find-among.ts';
import { loader } from '../graph/loader.ts';
import { node } from '../graph/node.ts';
import { encodeId } from '../ids.ts';
import type { DeliveryOrdering as DeliveryOrderingName } from '../sending/ordering.ts';
import {
  listSecretsInForce,
  maxSecretsInForce,
  type SecretInfo as SecretInfoRow,
} from '../sending/signing-secrets.ts';
import { askedOwners } from './asked-owner.ts';
import {
  createdAt,
  type DisabledReason,
  type Endpoint as EndpointRow,
  findEndpoints,
  type VerificationStatus as VerificationStatusName,
} from './endpoint.ts';
import { listEndpointAudit } from './endpoint-audit.ts';
import { type EndpointCircuit, findCircuits, untroubled } from './endpoint-health.ts';
import { EndpointOwner, loadOwner } from './endpoint-owner.graph.ts';

export const seeEndpoints = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' } as const;
export const changeEndpoints = { tenant: 'MANAGE_WEBHOOKS', app: 'MANAGE_WEBHOOK' } as const;

type Described<Name extends string> = Record<Name, { description: string }>;

const disabledReasonValues: Described<DisabledReason> = {
  MANUAL: { description: 'Somebody set `isActive` to false.' },
  FAILING: { description: 'Every attempt failed for five days.' },
  GONE: { description: 'The receiver answered with status 410.' },
};

const verificationStatusValues: Described<VerificationStatusName> = {
  UNVERIFIED: {
    description:
      'There has been no handshake since the URL was changed: call `verifyEndpoint`. Nothing is delivered.',
  },
  PENDING: { description: 'The handshake is running. Deliveries wait until it has ended.' },
  VERIFIED: { description: 'The receiver has shown that it wants the deliveries.' },
  FAILED: { description: 'The last handshake failed for the reason in `reason`. Nothing is delivered.' },
};

const orderingValues: Described<DeliveryOrderingName> = {
  NONE: { description: 'Deliveries are independent. One that fails holds up no other.' },
  STRICT: {
    description:
      'Deliveries are sent one at a time, in the order in which their events were committed. While one waits for its next attempt, those behind it wait as PENDING (`blockedBy`). When it ends, also as DEAD_LETTER, the next is sent. A replay goes to the end. Around the crash of a sending process the same delivery may arrive twice.',
  },
};

const circuitStateValues: Described<EndpointCircuit['circuit']> = {
  CLOSED: { description: 'Deliveries are sent normally.' },
  OPEN: { description: 'The endpoint failed repeatedly. Nothing is sent before `nextProbeAt`.' },
  HALF_OPEN: {
    description: 'One delivery is being tried. Its result decides whether the circuit closes or opens again.',
  },
};

export const DeliveryOrdering = builder.enumType('DeliveryOrdering', {
  description: 'Whether the deliveries to an endpoint wait for each other.',
  values: orderingValues,
});

export const VerificationStatus = builder.enumType('VerificationStatus', {
  description: 'Whether the receiver at the URL has answered the ownership handshake.',
  values: verificationStatusValues,
});

const EndpointDisabledReason = builder.enumType('EndpointDisabledReason', {
  description: 'Why an endpoint is not active.',
  values: disabledReasonValues,
});

const CircuitState = builder.enumType('CircuitState', {
  description: 'Whether deliveries are sent to an endpoint at the moment.',
  values: circuitStateValues,
});

const EndpointVerification = builder.objectRef<EndpointRow>('EndpointVerification').implement({
  description:
    'The result of the ownership handshake, a signed POST with a challenge that the receiver must send back. It belongs to the URL: a new URL is unverified.',
  fields: (t) => ({
    status: t.expose('verification', { type: VerificationStatus, description: 'Current status.' }),
    verifiedAt: t.expose('verified_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When the handshake succeeded; null if the endpoint is not VERIFIED.',
    }),
    checkedAt: t.expose('verification_checked_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When the last handshake with this URL ended, whatever the result.',
    }),
    reason: t.exposeString('verification_reason', {
      nullable: true,
      description:
        'Why the last handshake failed, for people; null if it did not fail. The wording may change.',
    }),
  }),
});

const Circuit = builder.objectRef<EndpointCircuit>('EndpointCircuit').implement({
  description:
    'A circuit breaker that protects an endpoint that fails repeatedly. While it is OPEN, nothing is sent until a probe succeeds. Waiting deliveries do not lose attempts meanwhile.',
  fields: (t) => ({
    state: t.expose('circuit', { type: CircuitState, description: 'Whether deliveries are sent.' }),
    openedAt: t.expose('opened_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stopped being CLOSED; null while it is CLOSED.',
    }),
    nextProbeAt: t.expose('next_probe_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When the next delivery is tried; null while it is CLOSED.',
    }),
    consecutiveFailures: t.exposeInt('consecutive_failures', {
      description: 'The number of attempts that had failed in a row when the state last changed.',
    }),
  }),
});

/** Used for an endpoint here, and for an app's client secret elsewhere. */
export const SecretInfo = builder.objectRef<SecretInfoRow>('SecretInfo').implement({
  description: 'A valid secret, without its value.',
  fields: (t) => ({
    id: t.id({
      description: 'The id of the secret, as used in the audit log.',
      resolve: ({ id }) => encodeId('SigningSecret', id),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was created.' }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it stops being valid; null for the newest secret.',
    }),
    publicKey: t.exposeString('publicKey', {
      nullable: true,
      description: 'Of a signing key of ED25519: `whpk_…`, which verifies its signatures. Null otherwise.',
    }),
  }),
});

export const Endpoint = builder.objectRef<EndpointRow>('Endpoint');

node(builder, Endpoint, {
  description:
    'A destination for events: a URL with the event types that it subscribes to, its settings and its state.',
  permission: seeEndpoints,
  id: (endpoint) => encodeId('Endpoint', endpoint.id),
  async load(ids, context) {
    const owners = await askedOwners(context, seeEndpoints);
    return await Promise.all(
      ids.map((id) => findAmong(owners, (ownerId) => loadEndpoint(context, { ownerId, id }))),
    );
  },
  fields: (t) => ({
    owner: t.field({
      type: EndpointOwner,
      description: 'The tenant or the partner app that it belongs to.',
      resolve: (endpoint, _args, context) => loadOwner(context, endpoint),
    }),
    url: t.expose('url', { type: 'URL', description: 'The URL that deliveries are POSTed to.' }),
    description: t.exposeString('description', { nullable: true, description: 'The owner’s note about it.' }),
    events: t.exposeStringList('events', {
      description:
        'The event types that it subscribes to: names, `comment.*` for a category, or `*` for all.',
    }),
    isActive: t.exposeBoolean('is_active', {
      description:
        'Whether deliveries are sent. Deliveries that an inactive endpoint misses are recorded as FAILED (ENDPOINT_INACTIVE) and can be replayed.',
    }),
    disabledReason: t.expose('disabled_reason', {
      type: EndpointDisabledReason,
      nullable: true,
      description: 'Why it is not active; null while it is active.',
    }),
    verification: t.field({
      type: EndpointVerification,
      description: 'The handshake’s result.',
      complexity: 0,
      resolve: (endpoint) => endpoint,
    }),
    signingSecrets: t.field({
      type: [SecretInfo],
      description: `The secrets that sign now, newest first, at most ${maxSecretsInForce}, without their values.`,
      complexity: { field: 1, multiplier: 1 },
      resolve: (endpoint, _args, context) => secretsOf(context).load(endpoint),
    }),
    maxDeliveriesPerSecond: t.exposeInt('max_deliveries_per_second', {
      nullable: true,
      description: 'The largest number of deliveries a second; null means no limit.',
    }),
    ordering: t.field({
      type: DeliveryOrdering,
      description: 'Whether its deliveries wait for each other.',
      resolve: ({ strict_boundary }): DeliveryOrderingName => (strict_boundary === null ? 'NONE' : 'STRICT'),
    }),
    circuit: t.field({
      type: Circuit,
      description: 'The circuit breaker, which holds deliveries back while the endpoint fails.',
      resolve: (endpoint, _args, context) => circuitOf(context).load(endpoint),
    }),
    auditLog: t.field({
      type: AuditEntryConnection,
      description: 'The changes to this endpoint, newest first.',
      complexity: pageCost,
      args: pageArgs(t.arg),
      resolve: (endpoint, page, context) => {
        const range = pageRange(page, { kind: 'AuditEntry', ownerId: endpoint.owner_id });
        return auditOf(context).load({ endpoint, range });
      },
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was created.', resolve: createdAt }),
    updatedAt: t.expose('updated_at', {
      type: 'DateTime',
      description: 'When its settings, its secrets or its verification last changed.',
    }),
  }),
});

/**
 * An owner's endpoint; undefined if it is missing, deleted or another owner's. Reads for one owner are combined into
 * one statement.
 */
export function loadEndpoint(
  context: Context,
  { ownerId, id }: { ownerId: string; id: string },
): Promise<EndpointRow | undefined> {
  return endpointOf(context).load(`${ownerId}/${id}`);
}

/** The endpoints that a list has read for its records, by id. */
const held = createContextCache((_context: Context) => new Map<string, EndpointRow>());

/**
 * Reads the endpoints of all these records before the first is asked for, so that `heldEndpoint` has them. A hundred
 * promises take longer to resolve than everything else that a list of a hundred records does.
 */
export async function holdEndpoints(
  context: Context,
  records: readonly Readonly<{ owner_id: string; endpoint_id: string }>[],
): Promise<void> {
  const byId = new Map(records.map((record) => [record.endpoint_id, record.owner_id]));
  const found = await Promise.all([...byId].map(([id, ownerId]) => loadEndpoint(context, { ownerId, id })));
  for (const endpoint of found) if (endpoint !== undefined) held(context).set(endpoint.id, endpoint);
}

export function heldEndpoint(
  context: Context,
  { owner_id, endpoint_id }: Readonly<{ owner_id: string; endpoint_id: string }>,
): EndpointRow | undefined {
  const endpoint = held(context).get(endpoint_id);
  return endpoint?.owner_id === owner_id ? endpoint : undefined;
}

const endpointOf = loader(async (keys: readonly string[], { services }) => {
  const wanted = keys.map((key) => {
    const [owner_id = '', id = ''] = key.split('/');
    return { owner_id, id };
  });
  return await forEachOwner(wanted, async (ownerId, ids) => {
    const rows = await findEndpoints(services.database.query, ownerId, ids);
    return new Map(rows.map((row) => [row.id, row]));
  });
});

export const secretsOf = loader(async (endpoints: readonly EndpointRow[], { services }) => {
  const found = await forEachOwner(endpoints, (ownerId, ids) =>
    listSecretsInForce(services.database.query, ownerId, ids),
  );
  return found.map((secrets) => secrets ?? []);
});

export const circuitOf = loader(async (endpoints: readonly EndpointRow[], { services }) => {
  const found = await forEachOwner(endpoints, (ownerId, ids) =>
    findCircuits(services.database.query, ownerId, ids),
  );
  return found.map((circuit) => circuit ?? untroubled);
});

type AuditKey = Readonly<{ endpoint: EndpointRow; range: PageRange }>;

/** One statement for all endpoints of an owner for which the same page is requested. */
const auditOf = loader<AuditKey, Page<AuditEntry>>(async (keys, { services }) => {
  const found = new Map<AuditKey, Page<AuditEntry>>();
  const ranges = new Map(keys.map(({ range }) => [JSON.stringify(range), range]));
  await Promise.all(
    [...ranges].map(async ([name, range]) => {
      const asked = keys.filter((key) => JSON.stringify(key.range) === name);
      const pages = await forEachOwner(
        asked.map(({ endpoint }) => endpoint),
        (ownerId, endpointIds) => listEndpointAudit(services.database.query, ownerId, { endpointIds, range }),
      );
      for (const [index, key] of asked.entries()) found.set(key, pages[index] ?? emptyPage(range));
    }),
  );
  return keys.map((key) => found.get(key) ?? emptyPage(key.range));
});

/** One statement for all endpoints of an owner. The answers are in the order of the endpoints. */
export async function forEachOwner<Value>(
  endpoints: readonly Pick<EndpointRow, 'owner_id' | 'id'>[],
  find: (ownerId: string, ids: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): Promise<(Value | undefined)[]> {
  const found = new Map<string, ReadonlyMap<string, Value>>();
  const ownerIds = [...new Set(endpoints.map(({ owner_id }) => owner_id))];
  await Promise.all(
    ownerIds.map(async (ownerId) => {
      const ids = endpoints.filter(({ owner_id }) => owner_id === ownerId).map(({ id }) => id);
      found.set(ownerId, await find(ownerId, ids));
    }),
  );
  return endpoints.map(({ owner_id, id }) => found.get(owner_id)?.get(id));
}
