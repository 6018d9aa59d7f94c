import { SpanKind } from '@opentelemetry/api';
import type { Database } from '../db/pool.ts';
import { run, statement } from '../db/statement.ts';
import { encodeId } from '../ids.ts';
import { spanContextOf } from '../tracing/trace-context.ts';
import { below, isTracing, messaging, tracer } from '../tracing/tracer.ts';
import type { LogChange } from './read-log.ts';

/** Of a read, so many changes get a span, and so many reads may wait for the places of their traces. */
const changesOfRead = 100;
const readsAtOnce = 2;

const tracesOf = statement(
  'traces_of_events',
  `select id, trace_context from event
    where owner_id = $1 and id = any($2::uuid[]) and trace_context is not null`,
);

/** A read of the log, as far as its changes were handed to the subscribers who waited for them. */
export type Frame = Readonly<{
  ownerId: string;
  changes: readonly LogChange[];
  subscribers: number;
  from: number;
  to: number;
}>;

/**
 * The last spans in an event's trace: a change of its delivery has reached the live log's subscribers. One span tells of
 * all of them, as one read does.
 *
 * The log has no traces, so they are looked up afterwards, when nobody waits. Under load some are left out.
 */
export class FrameTraces {
  readonly #database: Database;
  #underWay = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  note(frame: Frame): void {
    if (!isTracing() || this.#underWay >= readsAtOnce) return;
    this.#underWay += 1;
    this.#trace(frame)
      .catch(() => undefined)
      .finally(() => {
        this.#underWay -= 1;
      });
  }

  async #trace({ ownerId, changes, subscribers, from, to }: Frame): Promise<void> {
    const traced = changes.slice(0, changesOfRead);
    const ids = [...new Set(traced.map(({ eventId }) => eventId))];
    const rows = await run<{ id: string; trace_context: string }>(
      this.#database,
      this.#database.api,
      tracesOf,
      [ownerId, ids],
    );
    const contexts = new Map(rows.map((row) => [row.id, spanContextOf(row.trace_context)]));
    for (const change of traced) {
      const parent = contexts.get(change.eventId);
      if (parent === undefined) continue;
      const attributes = {
        ...messaging('frame', 'send'),
        'messaging.destination.name': change.eventType,
        'messaging.message.id': encodeId('Event', change.eventId),
        'heliograph.delivery.id': encodeId('Delivery', change.deliveryId),
        'heliograph.delivery.status': change.status,
        'heliograph.log.position': change.position,
        'heliograph.log.subscribers': subscribers,
      };
      tracer
        .startSpan(
          `frame ${change.eventType}`,
          { kind: SpanKind.PRODUCER, startTime: from, attributes },
          below(parent),
        )
        .end(to);
    }
  }
}
