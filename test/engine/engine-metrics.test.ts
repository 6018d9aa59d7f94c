import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { EngineMetrics } from '../../src/engine/engine-metrics.ts';
import { Metrics } from '../../src/http/metrics.ts';
import { attemptOutcomes } from '../../src/status/status.ts';

test('every outcome of an attempt is at 0 before the first', async () => {
  const registry = new Registry();
  new EngineMetrics(registry);
  const text = await registry.metrics();
  for (const outcome of attemptOutcomes.filter((name) => name !== 'INTERRUPTED'))
    expect(text).toContain(`heliograph_attempts_total{outcome="${outcome}"} 0`);
  expect(text).toContain('heliograph_fenced_total 0');
});

test('both transports are at 0 before the first subscription', async () => {
  const text = await new Metrics().registry.metrics();
  for (const transport of ['ws', 'sse']) {
    expect(text).toContain(`heliograph_subscriptions{transport="${transport}"} 0`);
    expect(text).toContain(`heliograph_slow_consumers_total{transport="${transport}"} 0`);
  }
});
