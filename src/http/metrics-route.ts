import { declareRoute, publicRead, type Route } from '../route.ts';
import type { Metrics } from './metrics.ts';

const metricsPage = declareRoute({
  method: 'GET',
  path: '/metrics',
  description: 'What this process tells about itself, for Prometheus. Keep it from the public.',
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
