import './graph/builder.ts';
import './idempotency/idempotently.graph.ts';
import './audit/audit.graph.ts';
import './tenants/tenants.graph.ts';
import './tenants/viewer.graph.ts';
import './tenants/api-keys.graph.ts';
import './event-types/event-types.graph.ts';
import './endpoints/endpoints.graph.ts';
import './endpoints/change-endpoints.graph.ts';
import './endpoints/prove-endpoint.graph.ts';
import './apps/app.graph.ts';
import './apps/change-app.graph.ts';
import './apps/app-webhook.graph.ts';
import './apps/app-versions.graph.ts';
import './apps/app-members.graph.ts';
import './installations/app-installations.graph.ts';
import './installations/install-link.graph.ts';
import './deliveries/deliveries.graph.ts';
import './deliveries/attempts.graph.ts';
import './deliveries/change-deliveries.graph.ts';
import './deliveries/app-deliveries.graph.ts';
import './deliveries/subscriptions.graph.ts';
import './events/events.graph.ts';
import './events/publish.graph.ts';
import './events/test-endpoint.graph.ts';
import './replays/replay.graph.ts';
import './statistics/count-deliveries.graph.ts';
import './statistics/stats.graph.ts';
import './statistics/app-analytics.graph.ts';
import './inventory/inventory.graph.ts';
import { builder } from './graph/builder.ts';
import { checkEdges } from './graph/edge-guard.ts';
import { describeListLimits } from './graph/list-limits.ts';

/** Every room's fields, gathered: imported by `app.ts` and by the printer alone. */
export const schema = builder.toSchema();

checkEdges(schema);
describeListLimits(schema);
