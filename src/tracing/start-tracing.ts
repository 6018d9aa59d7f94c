import { setTimeout as delay } from 'node:timers/promises';
import { context, trace } from '@opentelemetry/api';
import type { Sampler, SpanExporter } from '@opentelemetry/sdk-trace';
import { type Config, type TracesSampler, userAgent } from '../config.ts';
import { createTraceExporter } from '../egress/trace-exporter.ts';
import { causesOf, type Logger } from '../log.ts';
import { setTracing } from './tracer.ts';

/** Spans that wait to be sent; more are dropped. A call of 1,000 events makes about 2,000. Together 16 MB at most. */
const maxWaitingSpans = 8_192;
const spansPerExport = 512;
const exportEveryMs = 1_000;
/** How long the end of the process waits for a collector that does not answer. */
const flushWithinMs = 3_000;
/** An attribute's text is cut to this length. */
const maxAttributeChars = 512;

export type Tracing = Readonly<{
  /** Sends what is left, for three seconds at most. */
  stop(): Promise<void>;
}>;

/**
 * Switches tracing on where a collector is named. The packages that make and send spans are loaded only then: without
 * them, and without a collector, nothing but the API is there, and nothing of it is called (see `isTracing`).
 */
export async function startTracing(config: Config, logger: Logger): Promise<Tracing | undefined> {
  if (config.tracing === undefined) return undefined;
  const { endpoint, sampler, samplerRatio } = config.tracing;
  try {
    const [sdk, resources, { AsyncLocalStorageContextManager }, exporter] = await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/context-async-hooks'),
      createTraceExporter(endpoint),
    ]);
    const [, version = ''] = userAgent.split('/');
    const processor = new sdk.BatchSpanProcessor({
      exporter: telling(exporter, logger),
      maxQueueSize: maxWaitingSpans,
      maxExportBatchSize: spansPerExport,
      scheduledDelayMillis: exportEveryMs,
    });
    const provider = new sdk.TracerProvider({
      // What the operator set in OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME comes last and wins.
      resource: resources
        .defaultResource()
        .merge(
          resources.resourceFromAttributes({
            'service.name': 'heliograph',
            'service.version': version,
            'heliograph.role': config.role,
          }),
        )
        .merge(resources.detectResources({ detectors: [resources.envDetector] })),
      sampler: followingLinks(samplerOf(sdk, sampler, samplerRatio)),
      spanLimits: { attributeValueLengthLimit: maxAttributeChars },
      spanProcessors: [processor],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(provider);
    setTracing(true);
    return {
      async stop() {
        setTracing(false);
        // An error has been told already.
        const flushed = provider.shutdown().catch(() => undefined);
        await Promise.race([flushed, delay(flushWithinMs, undefined, { ref: false })]);
      },
    };
  } catch (error) {
    logger.warn(
      { error: causesOf(error) },
      'OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages for traces could not be loaded: there will be no traces',
    );
    return undefined;
  }
}

function samplerOf(
  sdk: typeof import('@opentelemetry/sdk-trace'),
  name: TracesSampler,
  ratio: number,
): Sampler {
  const kind = name.replace(/^parentbased_/, '');
  const root =
    kind === 'always_on'
      ? new sdk.AlwaysOnSampler()
      : kind === 'always_off'
        ? new sdk.AlwaysOffSampler()
        : new sdk.TraceIdRatioBasedSampler(ratio);
  return kind === name ? root : new sdk.ParentBasedSampler({ root });
}

/**
 * The events of a call with several have traces of their own, which only link to the call. The decision whether the
 * call is sampled holds for them, too, as if it were their parent.
 */
const followingLinks = (sampler: Sampler): Sampler => ({
  shouldSample(parent, traceId, name, kind, attributes, links) {
    const [link] = links;
    const from =
      link === undefined || trace.getSpanContext(parent) !== undefined
        ? parent
        : trace.setSpanContext(parent, link.context);
    return sampler.shouldSample(from, traceId, name, kind, attributes, links);
  },
  toString: () => sampler.toString(),
});

/** An outage of the collector is told once, and its end once. The spans of the time between are lost. */
function telling(exporter: SpanExporter, logger: Logger): SpanExporter {
  let isFailing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const hasFailed = result.code !== 0;
        if (hasFailed && !isFailing)
          logger.warn({ error: causesOf(result.error) }, 'traces cannot be sent to the collector');
        if (!hasFailed && isFailing) logger.info('traces can be sent to the collector again');
        isFailing = hasFailed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    ...(exporter.forceFlush === undefined
      ? {}
      : { forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve() }),
  };
}
