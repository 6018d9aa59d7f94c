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
import './deliveries/deliveries.graph.ts';
import './deliveries/attempts.graph.ts';
import './deliveries/events.graph.ts';
import './deliveries/subscriptions.graph.ts';
import './events/publish.graph.ts';
import { builder } from './graph/builder.ts';

/** Every room's fields, gathered: imported by `app.ts` and by the printer alone. */
export const schema = builder.toSchema();
