import type { SpanExporter } from '@opentelemetry/sdk-trace';

/**
 * The exporter that sends traces to the operator's collector (OTLP over HTTP, as JSON). It is the library's own, which
 * reads the other variables of OpenTelemetry (headers, timeout, compression, certificates) and repeats what failed. It
 * dials without the address guard and without the proxy: the operator has named the address, and it is usually a
 * private one.
 */
export async function createTraceExporter(endpoint: string): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
}
