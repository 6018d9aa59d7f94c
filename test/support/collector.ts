import { once } from 'node:events';
import { createServer } from 'node:http';

/** A span as the collector was told of it. */
export type CollectedSpan = Readonly<{
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  /** INTERNAL 1, SERVER 2, CLIENT 3, PRODUCER 4, CONSUMER 5. */
  kind: number;
  attributes: Readonly<Record<string, string | number | boolean>>;
  links: readonly Readonly<{ traceId: string; spanId: string }>[];
  isError: boolean;
  /** Nanoseconds since 1970. */
  from: bigint;
  to: bigint;
  resource: Readonly<Record<string, string | number | boolean>>;
}>;

/** A real receiver of OTLP over HTTP, which reads it as JSON. */
export type Collector = Readonly<{
  endpoint: string;
  spans: readonly CollectedSpan[];
  /** The bodies, as they came. */
  bodies: readonly string[];
  /** While true, everything is answered with status 503. */
  isAway: boolean;
  refused: number;
  /** Resolves once the spans satisfy the condition. */
  until(isEnough: (spans: readonly CollectedSpan[]) => boolean): Promise<void>;
  close(): Promise<void>;
}>;

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Attributes = { key: string; value: Value }[];
type WireSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  attributes?: Attributes;
  links?: { traceId: string; spanId: string }[];
  status?: { code?: number };
  startTimeUnixNano: string;
  endTimeUnixNano: string;
};
type Export = {
  resourceSpans: { resource: { attributes?: Attributes }; scopeSpans: { spans: WireSpan[] }[] }[];
};

export async function startCollector(): Promise<Collector & { isAway: boolean }> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  let waiters: { isEnough: (spans: readonly CollectedSpan[]) => boolean; resolve: () => void }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (collector.isAway || request.url !== '/v1/traces' || request.method !== 'POST') {
      collector.refused += 1;
      response.writeHead(503).end();
      return;
    }
    const body = Buffer.concat(chunks).toString('utf8');
    bodies.push(body);
    spans.push(...spansOf(JSON.parse(body)));
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    waiters = waiters.filter(({ isEnough, resolve }) => {
      if (!isEnough(spans)) return true;
      resolve();
      return false;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const collector = {
    endpoint: `http://127.0.0.1:${port}`,
    spans,
    bodies,
    isAway: false,
    refused: 0,
    until: (isEnough: (spans: readonly CollectedSpan[]) => boolean) =>
      isEnough(spans)
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            waiters.push({ isEnough, resolve });
          }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return collector;
}

function spansOf({ resourceSpans }: Export): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId || undefined,
        name: span.name,
        kind: span.kind,
        attributes: valuesOf(span.attributes),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        isError: span.status?.code === 2,
        from: BigInt(span.startTimeUnixNano),
        to: BigInt(span.endTimeUnixNano),
        resource: valuesOf(resource.attributes),
      })),
    ),
  );
}

const valuesOf = (attributes: Attributes = []) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.doubleValue ?? value.boolValue ?? Number(value.intValue),
    ]),
  );
