import { declareRoute, publicRead, type Route } from '../route.ts';
import type { Metrics } from './metrics.ts';

const metricsPage = declareRoute({
  method: 'GET',
  path: '/metrics',
  description: 'The metrics of this process for Prometheus. Do not expose it to the public.',
  ...publicRead,
  response: 'text/plain in the Prometheus exposition format',
});

export function metricsRoute({ registry }: Metrics): Route {
  return metricsPage(async () => ({
    status: 200,
    headers: { 'content-type': registry.contentType },
    body: await registry.metrics(),
  }));
}
