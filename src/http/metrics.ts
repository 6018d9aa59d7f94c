import type { Server } from 'node:http';
import { promisify } from 'node:util';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../db/pool.ts';

const transports = ['ws', 'sse', 'multipart'] as const;
/** The things of which a caller or an address may hold only a limited number open. */
const heldThings = ['subscriptions', 'connections', 'anonymous_connections', 'body_bytes'] as const;
const refusedThings = [...heldThings, 'bad_credentials'] as const;
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The metrics of this process at /metrics. Other rooms register their own in `registry`. Labels have few values, all
 * defined by us: an operation is labelled with its first root field, not with the name that its author gave it.
 */
export class Metrics {
  readonly registry = new Registry();
  readonly #http: Histogram<'method' | 'route' | 'status'>;
  readonly #operations: Histogram<'type' | 'field' | 'outcome'>;
  readonly #subscriptions: Gauge<'transport'>;
  readonly #sockets: Gauge;
  readonly #anonymous: Gauge;
  readonly #cutOff: Counter<'transport'>;
  readonly #tooMany: Counter<'what'>;
  readonly #badCredentials: Counter;
  readonly #publishes: Histogram;
  readonly #publishCommits: Histogram;
  readonly #liveLag: Histogram;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.#http = new Histogram({
      name: 'heliograph_http_request_seconds',
      help: 'Duration of HTTP requests, without streams.',
      labelNames: ['method', 'route', 'status'],
      buckets: secondsBuckets,
      registers,
    });
    this.#operations = new Histogram({
      name: 'heliograph_graphql_operation_seconds',
      help: 'Duration of GraphQL operations by their first root field.',
      labelNames: ['type', 'field', 'outcome'],
      buckets: secondsBuckets,
      registers,
    });
    this.#subscriptions = new Gauge({
      name: 'heliograph_subscriptions',
      help: 'Open subscriptions.',
      labelNames: ['transport'],
      registers,
    });
    this.#sockets = new Gauge({ name: 'heliograph_websockets', help: 'Open WebSockets.', registers });
    this.#anonymous = new Gauge({
      name: 'heliograph_anonymous_websockets',
      help: 'Open WebSockets whose client has not been authenticated yet.',
      registers,
    });
    this.#tooMany = new Counter({
      name: 'heliograph_holding_refusals_total',
      help: 'Requests and connections refused because the caller or the address had reached its limit.',
      labelNames: ['what'],
      registers,
    });
    this.#badCredentials = new Counter({
      name: 'heliograph_bad_credentials_total',
      help: 'Invalid credentials, on all routes.',
      registers,
    });
    this.#publishes = new Histogram({
      name: 'heliograph_publish_seconds',
      help: 'Time from the arrival of a call of publishEvents at the publisher until everything is committed.',
      buckets: secondsBuckets,
      registers,
    });
    this.#publishCommits = new Histogram({
      name: 'heliograph_publish_commit_seconds',
      help: 'Duration of the statements that store published events with their deliveries, with the commit.',
      buckets: secondsBuckets,
      registers,
    });
    this.#liveLag = new Histogram({
      name: 'heliograph_live_lag_seconds',
      help: 'Age of a change when the live log has read it for its subscribers, for the oldest change of each read.',
      buckets: secondsBuckets,
      registers,
    });
    this.#cutOff = new Counter({
      name: 'heliograph_slow_consumers_total',
      help: 'Clients that were disconnected because they did not read for too long.',
      labelNames: ['transport'],
      registers,
    });
    for (const transport of transports) {
      this.#subscriptions.set({ transport }, 0);
      this.#cutOff.inc({ transport }, 0);
    }
    for (const what of refusedThings) this.#tooMany.inc({ what }, 0);
  }

  published(seconds: number): void {
    this.#publishes.observe(seconds);
  }

  /** A statement has stored the events of one or more calls. */
  publishCommitted(seconds: number): void {
    this.#publishCommits.observe(seconds);
  }

  /** A change that old was read for the subscribers of the live log. */
  lagged(seconds: number): void {
    this.#liveLag.observe(Math.max(0, seconds));
  }

  requested(method: string, route: string, status: number, seconds: number): void {
    this.#http.observe({ method, route, status: String(status) }, seconds);
  }

  operated(type: string, field: string, outcome: 'ok' | 'error', seconds: number): void {
    this.#operations.observe({ type, field, outcome }, seconds);
  }

  /** Counts an open subscription until the returned function is called. */
  subscribed(transport: Transport): () => void {
    this.#subscriptions.inc({ transport });
    return () => this.#subscriptions.dec({ transport });
  }

  connected(): () => void {
    this.#sockets.inc();
    return () => this.#sockets.dec();
  }

  /** Counts a WebSocket without a credential until the returned function is called. */
  anonymous(): () => void {
    this.#anonymous.inc();
    return () => this.#anonymous.dec();
  }

  observeConnections(server: Server): void {
    const gauge = new Gauge({
      name: 'heliograph_connections',
      help: 'Open connections of clients: for requests, event streams and WebSockets, and idle ones kept open.',
      registers: [this.registry],
      async collect() {
        this.set(await promisify(server.getConnections.bind(server))());
      },
    });
    gauge.reset();
  }

  /** Counts a refusal because a limit on open things was reached. */
  tooMany(what: RefusedThing): void {
    this.#tooMany.inc({ what });
  }

  /** Shows the number of the caller that holds the most of something. */
  observeHoldings(holdings: Readonly<Record<HeldThing, { greatest: number }>>): void {
    const gauge = new Gauge({
      name: 'heliograph_most_held',
      help: 'The number held by the caller or address that holds the most.',
      labelNames: ['what'],
      registers: [this.registry],
      collect() {
        for (const what of heldThings) this.set({ what }, holdings[what].greatest);
      },
    });
    gauge.reset();
  }

  badCredential(): void {
    this.#badCredentials.inc();
  }

  cutOff(transport: Transport): void {
    this.#cutOff.inc({ transport });
  }

  observePools(database: Pick<Database, 'api' | 'engine'>): void {
    const gauge = new Gauge({
      name: 'heliograph_database_connections',
      help: 'Connections to PostgreSQL by pool and state. `waiting` counts queries that wait for a connection.',
      labelNames: ['pool', 'state'],
      registers: [this.registry],
      collect() {
        for (const pool of ['api', 'engine'] as const) {
          const { totalCount, idleCount, waitingCount } = database[pool];
          this.set({ pool, state: 'busy' }, totalCount - idleCount);
          this.set({ pool, state: 'idle' }, idleCount);
          this.set({ pool, state: 'waiting' }, waitingCount);
        }
      },
    });
    gauge.reset();
  }
}

export type HeldThing = (typeof heldThings)[number];
export type RefusedThing = (typeof refusedThings)[number];
export type Transport = (typeof transports)[number];
