import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config.ts';
import { mintUuid } from '../../src/ids.ts';
import { createLogger } from '../../src/log.ts';
import { AttemptTrace, noteClaim } from '../../src/tracing/delivery-trace.ts';
import { PublishTrace } from '../../src/tracing/publish-trace.ts';
import { startTracing } from '../../src/tracing/start-tracing.ts';
import { readTraceContext } from '../../src/tracing/trace-context.ts';

// What tracing costs: this process's CPU for an event that is published with one delivery, and its one attempt. First
// without a collector; then with one, by the sampler that is named (`npm run bench:traces -- always_off`).
const rounds = 20_000;
const [sampler = 'always_on'] = process.argv.slice(2);
const headers = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'vendor=abc',
};
const checked = [{ type: { name: 'order.paid' }, payloadText: '{"order":1}' }];
const answer = { outcome: 'SUCCEEDED', responseStatus: 204 };
const ids = Array.from({ length: rounds }, () => mintUuid());

async function oneEvent(id: string, { isHanded }: { isHanded: boolean }): Promise<void> {
  const trace = new PublishTrace(isHanded ? readTraceContext(headers) : undefined);
  const [traceContext] = trace.begin(checked);
  trace.end([{ eventId: id, deliveryCount: 1, isDuplicate: false }]);
  const row = {
    ...{ delivery_id: id, endpoint_id: id, event_id: id, attempt_rows: 0, kind: 'EVENT' },
    ...{ url: 'https://example.com/hook', sending: isHanded ? { sendTraceparent: true } : null },
  };
  noteClaim([row], Date.now());
  const attempt = new AttemptTrace(row, { type: 'order.paid', traceContext: traceContext ?? null });
  await attempt.send({ wasCut: () => false }, async () => answer);
  await attempt.settle({ kind: 'end', status: 'SUCCEEDED' }, async () => undefined);
}

async function measure(name: string, step: (id: string) => Promise<void>): Promise<void> {
  for (const id of ids) await step(id);
  const before = process.cpuUsage();
  for (const id of ids) await step(id);
  const { user, system } = process.cpuUsage(before);
  console.log(`${name}: ${((user + system) / rounds).toFixed(2)} µs`);
}

const untraced = (id: string) => oneEvent(id, { isHanded: false });
const nothing = async () => {
  await (async () => answer)();
  await (async () => undefined)();
};

await measure('the loop of this benchmark alone', nothing);
await measure('no collector, nobody sends a traceparent', untraced);
await measure('no collector, a traceparent goes from the caller to the receiver', (id) =>
  oneEvent(id, { isHanded: true }),
);
const collector = fork(fileURLToPath(new URL('./sink.ts', import.meta.url)), {
  execArgv: ['--import', 'tsx'],
});
const [message]: { port?: number }[] = await once(collector, 'message');
const config = readConfig({
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${message?.port}`,
  OTEL_TRACES_SAMPLER: sampler,
});
const tracing = await startTracing(config, createLogger('warn'));
await measure(`a collector, ${sampler}`, untraced);
await tracing?.stop();
collector.disconnect();
