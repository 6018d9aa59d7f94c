import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeId } from '../../src/ids.ts';
import { ask, type Caller, publishDocument, send } from '../support/client.ts';
import { accepts, type Behaviour } from './ledger.ts';
import { eventType, type Site } from './site.ts';

/** An endpoint with its receiver in the ledger. */
export type Endpoint = Readonly<{
  id: string;
  uuid: string;
  place: string;
  secret: string;
  isStrict: boolean;
}>;

export type Tenant = Readonly<{ name: string; caller: Caller; endpoints: Endpoint[] }>;

/** An event whose publish was answered, and which must never be lost. */
export type Acknowledged = Readonly<{
  tenant: Tenant;
  key: string;
  eventUuid: string;
  deliveryCount: number;
  /** When it was first published. */
  askedAt: number;
}>;

const batchSize = 2;
const betweenBatchesMs = 100;
/** A call that got no answer is repeated with the same keys for this long. */
const askAgainForMs = 60_000;
const answerWithinMs = 12_000;

/** Tenants that publish steadily, with a key for every event, and repeat each call until it is acknowledged. */
export class Traffic {
  readonly tenants: Tenant[] = [];
  readonly acknowledged: Acknowledged[] = [];
  /** The keys of calls that were never answered. Their events may be stored or not. */
  readonly unanswered: string[] = [];
  readonly problems: string[] = [];
  /** The calls that were sent, and those of them that got no result and were repeated. */
  readonly calls = { sent: 0, repeated: 0 };
  /** Endpoints that were purged or deleted. Their deliveries may be missing. */
  readonly removed = new Set<string>();
  readonly #site: Site;
  #isPublishing = false;
  #loops: Promise<void>[] = [];

  constructor(site: Site) {
    this.#site = site;
  }

  async addTenant(): Promise<Tenant> {
    const name = `t-${randomBytes(5).toString('hex')}`;
    const tenant = { name, caller: await this.#site.callerOf({ tenant: name }), endpoints: [] };
    this.tenants.push(tenant);
    return tenant;
  }

  async addEndpoint(
    tenant: Tenant,
    behaviour: Behaviour = accepts,
    input: Readonly<Record<string, unknown>> = {},
  ): Promise<Endpoint> {
    const { ledger, canaries } = this.#site;
    const place = `${tenant.name}-${tenant.endpoints.length}`;
    const { createEndpoint: created } = await ask<{
      createEndpoint: { endpoint?: { id: string }; secret?: string };
    }>(
      tenant.caller,
      `mutation ($input: CreateEndpointInput!) {
         createEndpoint(input: $input) {
           ... on CreateEndpointPayload { endpoint { id } secret } ... on Error { message }
         }
       }`,
      { input: { url: ledger.urlOf(place, behaviour), events: [eventType], ...input } },
    );
    const { endpoint: made, secret } = created;
    const uuid = decodeId('Endpoint', made?.id ?? '');
    if (made === undefined || secret === undefined || uuid === undefined) {
      throw new Error(`No endpoint was made: ${JSON.stringify(created)}`);
    }
    ledger.trust(place, secret);
    canaries.push(secret.replace(/^whsec_/, ''));
    const endpoint = { id: made.id, uuid, place, secret, isStrict: input.ordering === 'STRICT' };
    tenant.endpoints.push(endpoint);
    return endpoint;
  }

  /** Lets every current tenant publish from now on. */
  start(): void {
    this.#isPublishing = true;
    for (const tenant of this.tenants) this.#loops.push(this.#publishSteadily(tenant));
  }

  /** Stops publishing. Resolves once every call has its answer. */
  async stop(): Promise<void> {
    this.#isPublishing = false;
    await Promise.all(this.#loops);
    this.#loops = [];
  }

  /** Publishes `count` events in one call, and repeats it with the same keys if no answer comes. */
  async publish(tenant: Tenant, count: number): Promise<readonly Acknowledged[]> {
    const keys = Array.from({ length: count }, () => randomBytes(12).toString('hex'));
    const events = keys.map((key, n) => ({
      type: eventType,
      idempotencyKey: key,
      payload: { n, tenant: tenant.name, canary: payloadCanary },
    }));
    const askedAt = Date.now();
    // The clock of the drills of time moves.
    const giveUpAt = performance.now() + askAgainForMs;
    for (;;) {
      const result = await this.#ask(tenant, events);
      if (result !== undefined) {
        const made = result.map(({ event, deliveryCount }, index) => ({
          tenant,
          key: keys[index] ?? '',
          eventUuid: decodeId('Event', event.id) ?? '',
          deliveryCount,
          askedAt,
        }));
        this.acknowledged.push(...made);
        return made;
      }
      if (performance.now() > giveUpAt) {
        this.unanswered.push(...keys);
        return [];
      }
      this.calls.repeated += 1;
      await delay(100 + Math.random() * 100);
    }
  }

  /** The times from the publish to the first receipt, in milliseconds, of everything published since, in order. */
  latenciesSince(since: number, tenant: Tenant): number[] {
    const times = new Map<string, number>();
    for (const { uuid, place } of tenant.endpoints) {
      for (const { eventId, at } of this.#site.ledger.entriesOf(place)) {
        const key = `${uuid}/${decodeId('Event', eventId)}`;
        if (!times.has(key)) times.set(key, at);
      }
    }
    return this.acknowledged
      .filter((one) => one.tenant === tenant && one.askedAt >= since)
      .flatMap(({ eventUuid, askedAt }) =>
        tenant.endpoints.flatMap(({ uuid }) => {
          const at = times.get(`${uuid}/${eventUuid}`);
          return at === undefined ? [] : [at - askedAt];
        }),
      )
      .sort((a, b) => a - b);
  }

  async #publishSteadily(tenant: Tenant): Promise<void> {
    while (this.#isPublishing) {
      await this.publish(tenant, batchSize);
      await delay(betweenBatchesMs * (0.5 + Math.random()));
    }
  }

  async #ask(tenant: Tenant, events: readonly object[]) {
    this.calls.sent += 1;
    const late = delay(answerWithinMs, undefined, { ref: false });
    try {
      const { origin } = this.#site.one('api');
      const caller = { ...tenant.caller, origin };
      const answer = await Promise.race([send<PublishData>(caller, publishDocument, { events }), late]);
      const result = answer?.body.data?.publishEvents;
      if (result !== undefined && result.events === undefined) {
        this.problems.push(`a publish was refused: ${JSON.stringify(result)}`);
      }
      return result?.events;
    } catch {
      return undefined;
    }
  }
}

export type PublishData = {
  publishEvents: { events?: readonly { event: { id: string }; deliveryCount: number }[] };
};

/** A text that is in every payload, and must never appear in a log. */
export const payloadCanary = `canary-${randomBytes(8).toString('hex')}`;

/** Deletes an endpoint during traffic. */
export async function removeEndpoint(
  scene: { traffic: Traffic },
  tenant: Tenant,
  endpoint: Endpoint,
): Promise<void> {
  scene.traffic.removed.add(endpoint.uuid);
  const { deleteEndpoint: result } = await ask<{ deleteEndpoint: { id?: string } }>(
    tenant.caller,
    `mutation ($id: ID!) {
       deleteEndpoint(input: { id: $id }) { ... on DeleteEndpointPayload { id } ... on Error { message } }
     }`,
    { id: endpoint.id },
  );
  if (result.id === undefined) throw new Error(`Not deleted: ${JSON.stringify(result)}`);
}
