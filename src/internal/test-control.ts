import { z } from 'zod';
import { isSecret, refusal, singleHeader, unauthorized } from '../access/route-secret.ts';
import { TenantIdentities } from '../access/tenant-identity.ts';
import type { Database } from '../db/pool.ts';
import { readJson } from '../json/json-limits.ts';
import { declareRoute, type Route } from '../route.ts';
import { advanceDue } from './advance-due.ts';
import { drainQueue } from './drain-queue.ts';
import { resetTenant } from './reset-tenant.ts';

const defaultDrainMs = 10_000;
const maxDrainMs = 60_000;

const control = declareRoute({
  method: 'POST',
  path: '/internal/test-control',
  description:
    'For the test suite of an integration: `advance` makes waiting deliveries due now, `drain` waits until nothing is due or being sent, and `reset` deletes a tenant’s endpoints and forgets its idempotency keys. It exists only if TEST_CONTROL_SECRET is set, and never with NODE_ENV=production.',
  auth: ['TEST_CONTROL_SECRET'],
  request:
    'header x-test-control; {"action":"advance","tenant"}, {"action":"drain","tenant","timeoutMs"} or {"action":"reset","tenant"}; `tenant` is an externalId; except for reset it may be left out, which means all tenants',
  response: '200 {"advanced"}, {"drained","left"} or {"endpoints","ended","logPosition"}',
  errors: ['UNAUTHENTICATED', 'BAD_USER_INPUT', 'NOT_FOUND', 'UNAVAILABLE', 'INTERNAL'],
  records: ['Delivery', 'Endpoint', 'AuditEntry'],
  sideEffects: [
    'advance: deliveries are sent and circuits closed',
    'reset: endpoints are deleted, waiting deliveries end as FAILED (ENDPOINT_DELETED), audit entries endpoint.delete',
  ],
  idempotency: 'A repeated call does the same again. If nothing is left to do, nothing changes.',
});

const request = z.discriminatedUnion('action', [
  z.object({ action: z.literal('advance'), tenant: z.string().optional() }),
  z.object({
    action: z.literal('drain'),
    tenant: z.string().optional(),
    timeoutMs: z.int().min(0).max(maxDrainMs).default(defaultDrainMs),
  }),
  z.object({ action: z.literal('reset'), tenant: z.string() }),
]);

/** Never add this route with NODE_ENV=production. `internalRoutes` ensures that. */
export function testControlRoute({ secret, database }: { secret: string; database: Database }): Route {
  const tenants = new TenantIdentities(database);

  return control(async (asked) => {
    if (!isSecret(singleHeader(asked, 'x-test-control'), secret)) return unauthorized;
    const parsed = request.safeParse(readJson(asked.body));
    if (!parsed.success) {
      return refusal(
        400,
        'BAD_USER_INPUT',
        `Send {"action":"advance"|"drain"|"reset","tenant":…}; timeoutMs is from 0 to ${maxDrainMs}.`,
      );
    }
    const { data } = parsed;
    const ownerId = data.tenant === undefined ? undefined : await tenants.find(data.tenant);
    if (data.tenant !== undefined && ownerId === undefined) {
      return refusal(404, 'NOT_FOUND', 'There is no such tenant.');
    }
    switch (data.action) {
      case 'advance':
        return { status: 200, body: { advanced: await advanceDue(database, ownerId) } };
      case 'drain': {
        const left = await drainQueue(database, { ownerId, timeoutMs: data.timeoutMs });
        return { status: 200, body: { drained: left === 0, left } };
      }
      case 'reset':
        if (ownerId === undefined) return refusal(404, 'NOT_FOUND', 'There is no such tenant.');
        return { status: 200, body: await resetTenant(database, { ownerId, requestId: asked.requestId }) };
    }
  });
}
