import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { encodeId } from '../ids.ts';
import { spanContextOf, type TraceContext, writeTraceContext } from './trace-context.ts';
import { below, database, endAsFailed, isTracing, kindOf, messaging, tracer } from './tracer.ts';

/** A link in each direction between a call and its events, for the first of them; the rest link to the call only. */
const maxLinks = 128;

type Published = Readonly<{ eventId: string; deliveryCount: number; isDuplicate: boolean }>;
type ToPublish = Readonly<{ type: Readonly<{ name: string }>; payloadText: string }>;

/**
 * The trace of a call that publishes. An event that is published alone goes on in the caller's trace: the receiver's
 * work can then be seen below the caller's. Of several events each has a trace of its own, linked with the call, because
 * a trace of a thousand events and all their deliveries could not be read, nor stored by most collectors.
 *
 * While tracing is off, the caller's place is only handed on.
 */
export class PublishTrace {
  readonly #caller: TraceContext | undefined;
  readonly #startedAt = Date.now();
  #call: Span | undefined;
  #events: readonly { publish: Span; fanOut: Span | undefined }[] = [];

  constructor(caller: TraceContext | undefined) {
    this.#caller = caller;
  }

  /** The events may be published now. Returns for each of them what is stored with it. */
  begin(events: readonly ToPublish[]): readonly (TraceContext | undefined)[] {
    if (!isTracing()) return events.map(() => this.#caller);
    const parent = this.#parent();
    const isAlone = events.length === 1;
    let links: Link[] = [];
    if (!isAlone) {
      this.#call = tracer.startSpan(
        'publish',
        {
          kind: SpanKind.PRODUCER,
          startTime: this.#startedAt,
          attributes: { ...messaging('publish', 'send'), 'messaging.batch.message_count': events.length },
        },
        parent,
      );
      links = [{ context: this.#call.spanContext() }];
    }
    this.#events = events.map((event) => {
      const publish = tracer.startSpan(
        `publish ${event.type.name}`,
        {
          kind: SpanKind.PRODUCER,
          startTime: this.#startedAt,
          attributes: {
            ...messaging('publish', isAlone ? 'send' : 'create'),
            'messaging.destination.name': event.type.name,
            'messaging.message.body.size': Buffer.byteLength(event.payloadText),
          },
          links,
        },
        isAlone ? parent : ROOT_CONTEXT,
      );
      if (!publish.isRecording()) return { publish, fanOut: undefined };
      const fanOut = tracer.startSpan(
        `fan out ${event.type.name}`,
        { attributes: database('create_deliveries') },
        trace.setSpan(ROOT_CONTEXT, publish),
      );
      return { publish, fanOut };
    });
    for (const { publish } of this.#events.slice(0, maxLinks))
      this.#call?.addLink({ context: publish.spanContext() });
    return this.#events.map(({ publish }) => writeTraceContext(publish.spanContext()));
  }

  /** An event that was published before keeps the trace that it had then. */
  end(published: readonly Published[]): void {
    for (const [index, { publish, fanOut }] of this.#events.entries()) {
      const event = published[index];
      fanOut?.setAttribute('heliograph.deliveries', event?.deliveryCount ?? 0);
      fanOut?.end();
      if (event !== undefined) publish.setAttribute('messaging.message.id', encodeId('Event', event.eventId));
      if (event?.isDuplicate === true) publish.setAttribute('heliograph.duplicate', true);
      publish.end();
    }
    this.#call?.end();
  }

  fail(error: unknown): void {
    if (!isTracing()) return;
    const kind = kindOf(error);
    if (this.#events.length === 0) {
      const attributes = messaging('publish', 'send');
      const options = { kind: SpanKind.PRODUCER, startTime: this.#startedAt, attributes };
      this.#call ??= tracer.startSpan('publish', options, this.#parent());
    }
    for (const { publish, fanOut } of this.#events) {
      if (fanOut !== undefined) endAsFailed(fanOut, kind);
      endAsFailed(publish, kind);
    }
    if (this.#call !== undefined) endAsFailed(this.#call, kind);
  }

  /** The request's span, if there is one, because it is below the caller's. */
  #parent(): Context {
    const active = context.active();
    if (trace.getSpan(active) !== undefined) return active;
    return below(this.#caller === undefined ? undefined : spanContextOf(this.#caller));
  }
}

/** The trace of an event that nobody has published: a test, or one of the platform's. */
export function traceOwnEvent({ type, id }: { type: string; id: string }): TraceContext | undefined {
  if (!isTracing()) return undefined;
  const attributes = {
    ...messaging('publish', 'send'),
    'messaging.destination.name': type,
    'messaging.message.id': encodeId('Event', id),
  };
  const span = tracer.startSpan(`publish ${type}`, { kind: SpanKind.PRODUCER, attributes }, context.active());
  span.end();
  return writeTraceContext(span.spanContext());
}
