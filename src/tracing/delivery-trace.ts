import {
  type Context,
  context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { encodeId } from '../ids.ts';
import { spanContextOf, type TraceContext, traceHeaders, writeTraceContext } from './trace-context.ts';
import { below, database, endAsFailed, isTracing, kindOf, messaging, tracer } from './tracer.ts';

/**
 * So many attempts of one event are traced in a process; the others of an event with ten thousand endpoints are not, so
 * that its trace stays readable and the queue of spans does not overflow. Remembered for the newest events.
 */
const attemptsOfEvent = 200;
const rememberedEvents = 2_000;
const attempts = new Map<string, number>();

type Claimed = Readonly<{ from: number; to: number; rows: number }>;
const claims = new WeakMap<object, Claimed>();

/** Notes when these rows were claimed, for the spans of their attempts. */
export function noteClaim(rows: readonly object[], from: number): void {
  if (!isTracing()) return;
  const claimed = { from, to: Date.now(), rows: rows.length };
  for (const row of rows) claims.set(row, claimed);
}

type Row = Readonly<{
  delivery_id: string;
  endpoint_id: string;
  event_id: string;
  attempt_rows: number;
  kind: string;
  url: string | null;
  sending: Readonly<{ sendTraceparent?: boolean }> | null;
}>;
type Answer = Readonly<{ outcome: string; responseStatus: number | undefined }>;
type Event = Readonly<{ type: string; traceContext: TraceContext | null }>;

/**
 * One attempt in the trace of its event: the span of the attempt, and below it the claim, the request and the settle. It
 * begins with the claim. While tracing is off, or where the event is not sampled, there is nothing but the headers that
 * hand the trace on.
 *
 * Neither the URL nor a header is told, since both may hold secrets: only the receiver's host and port.
 */
export class AttemptTrace {
  readonly #row: Row;
  readonly #event: Event;
  readonly #span: Span | undefined;
  #within: Context = ROOT_CONTEXT;

  constructor(row: Row, event: Event) {
    this.#row = row;
    this.#event = event;
    if (!isTracing()) return;
    const stored = event.traceContext === null ? undefined : spanContextOf(event.traceContext);
    // Whether the trace is kept was decided when the event was published.
    if ((stored !== undefined && stored.traceFlags === TraceFlags.NONE) || !mayTrace(row.event_id)) return;
    const claimed = claims.get(row);
    this.#span = tracer.startSpan(
      `deliver ${event.type}`,
      {
        kind: SpanKind.CONSUMER,
        ...(claimed === undefined ? {} : { startTime: claimed.from }),
        attributes: {
          ...messaging('deliver', 'process'),
          'messaging.destination.name': event.type,
          'messaging.destination.subscription.name': encodeId('Endpoint', row.endpoint_id),
          'messaging.message.id': encodeId('Event', row.event_id),
          'heliograph.delivery.id': encodeId('Delivery', row.delivery_id),
          'heliograph.delivery.kind': row.kind,
          'heliograph.attempt.number': row.attempt_rows + 1,
        },
      },
      below(stored),
    );
    this.#within = trace.setSpan(ROOT_CONTEXT, this.#span);
    if (!this.#span.isRecording() || claimed === undefined) return;
    const claim = this.#child('claim', 'receive', claimed.from);
    claim.setAttributes({ ...database('claim'), 'messaging.batch.message_count': claimed.rows });
    claim.end(claimed.to);
  }

  /**
   * Makes the request, which is given the headers to hand the trace on where the endpoint allows that. If it was cut off,
   * this is the end: another worker makes the attempt again.
   */
  send<A extends Answer>(
    limit: Readonly<{ wasCut(): boolean }>,
    request: (headers: Readonly<Record<string, string>> | undefined) => Promise<A>,
  ): Promise<A> {
    const span = this.#span;
    return span?.isRecording() === true
      ? this.#sendWithin(span, { limit, request })
      : request(this.#headers(span));
  }

  async #sendWithin<A extends Answer>(
    whole: Span,
    {
      limit,
      request,
    }: {
      limit: Readonly<{ wasCut(): boolean }>;
      request: (headers: Readonly<Record<string, string>> | undefined) => Promise<A>;
    },
  ): Promise<A> {
    const number = this.#row.attempt_rows;
    const span = tracer.startSpan(
      'POST',
      {
        kind: SpanKind.CLIENT,
        attributes: {
          'http.request.method': 'POST',
          ...(number === 0 ? {} : { 'http.request.resend_count': number }),
          ...placeOf(this.#row.url),
        },
      },
      this.#within,
    );
    const answer = await context.with(
      trace.setSpan(this.#within, span),
      request,
      undefined,
      this.#headers(span),
    );
    const { outcome, responseStatus } = answer;
    if (responseStatus !== undefined) span.setAttribute('http.response.status_code', responseStatus);
    if (outcome === 'SUCCEEDED') span.end();
    else endAsFailed(span, outcome === 'HTTP_STATUS' ? String(responseStatus) : outcome);
    if (limit.wasCut() && outcome !== 'SUCCEEDED') endAsFailed(whole, 'INTERRUPTED');
    return answer;
  }

  /** Ends with what has become of the delivery. */
  settle(to: Readonly<{ kind: string; status?: string }>, settle: () => Promise<void>): Promise<void> {
    const span = this.#span;
    return span?.isRecording() === true ? this.#settleWithin(span, to, settle) : settle();
  }

  async #settleWithin(
    whole: Span,
    to: Readonly<{ kind: string; status?: string }>,
    settle: () => Promise<void>,
  ): Promise<void> {
    const span = this.#child('settle', 'settle');
    span.setAttributes(database('apply'));
    try {
      await settle();
      span.end();
    } catch (error) {
      endAsFailed(span, kindOf(error));
      throw error;
    } finally {
      whole.setAttribute('heliograph.delivery.status', to.status ?? 'RETRYING');
      if (to.status === 'SUCCEEDED') whole.end();
      else endAsFailed(whole, to.status ?? 'RETRYING');
    }
  }

  #child(name: string, type: string, startTime?: number): Span {
    const options = {
      kind: SpanKind.CLIENT,
      ...(startTime === undefined ? {} : { startTime }),
      attributes: { ...messaging(name, type), 'messaging.destination.name': this.#event.type },
    };
    return tracer.startSpan(`${name} ${this.#event.type}`, options, this.#within);
  }

  #headers(span: Span | undefined): Readonly<Record<string, string>> | undefined {
    if (this.#row.sending?.sendTraceparent !== true) return undefined;
    const own = span === undefined ? this.#event.traceContext : writeTraceContext(span.spanContext());
    // What is stored was checked when it was stored; it is checked again, as it goes to a stranger.
    return own === null || spanContextOf(own) === undefined ? undefined : traceHeaders(own);
  }
}

function mayTrace(eventId: string): boolean {
  const made = attempts.get(eventId) ?? 0;
  if (made >= attemptsOfEvent) return false;
  // Set anew, so that the map is in the order of use.
  attempts.delete(eventId);
  attempts.set(eventId, made + 1);
  if (attempts.size > rememberedEvents) {
    const [oldest] = attempts.keys();
    if (oldest !== undefined) attempts.delete(oldest);
  }
  return true;
}

function placeOf(url: string | null): Record<string, string | number> {
  if (url === null || !URL.canParse(url)) return {};
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol.slice(0, -1);
  return {
    'url.scheme': scheme,
    'server.address': hostname,
    'server.port': port === '' ? (scheme === 'https' ? 443 : 80) : Number(port),
  };
}
