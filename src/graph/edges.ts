import type { AppPermission, Permission } from '../access/permissions.ts';

/** What following an edge needs: the tenant's permission on a tenant's record, the app's on an app's. */
export type EdgeNeeds = Readonly<{ tenant: Permission; app: AppPermission }>;

/**
 * - needs: asked by the permission plugin, for the owner of the record that the edge starts from.
 * - `'AS ITS PARENT'`: whoever may see the parent may follow it.
 * - `'ASKED BY ITS RESOLVER'`: the resolver asks for the app's own permission, and answers null without it.
 */
export type EdgeRule = EdgeNeeds | 'AS ITS PARENT' | 'ASKED BY ITS RESOLVER';

const view: EdgeNeeds = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' };
const same = 'AS ITS PARENT';
const asked = 'ASKED BY ITS RESOLVER';

/**
 * Every field that leads from one object to another, and who may follow it. A root field's permission is asked where
 * a caller enters; this is asked where the caller arrives. The building of the schema fails for a field that leads to
 * an object and does not stand here, and for an entry that no field has.
 *
 * Root fields have permissions of their own. The fields of connections, their edges and payloads are left out: they
 * hold what the field that they belong to has answered.
 */
export const edges: Readonly<Record<string, EdgeRule>> = {
  'App.clientSecrets': asked,
  'App.deliveries': asked,
  'App.installations': asked,
  'App.invitations': asked,
  'App.members': asked,
  'App.ownerTenant': same,
  'App.publishedVersion': same,
  'App.versions': same,
  'App.webhook': asked,
  'App.webhookAnalytics': asked,
  'AppInstallation.app': same,
  'AppInstallation.tenant': same,
  'AppWebhook.endpoint': same,
  'AppWebhookAnalytics.failuresByTenant': same,
  'AppWebhookAnalytics.timeline': same,
  'AuditEntry.actor': same,
  // Whoever cancels, replays or tests gets the delivery as an answer, and not for that what receivers answered.
  'Delivery.attempts': view,
  'Delivery.endpoint': same,
  // What the event holds is asked for there.
  'Delivery.event': same,
  'Delivery.history': view,
  'Delivery.installation': same,
  'Delivery.replayOf': view,
  'Delivery.replays': view,
  'DeliveryAttempt.requestHeaders': same,
  'DeliveryAttempt.responseHeaders': same,
  'DeliveryLogBatch.changes': same,
  'DeliveryStats.timeline': same,
  'DeliveryStats.latencyTimeline': same,
  'DeliveryStatusChange.delivery': same,
  // Whoever creates it, changes it or rotates its secret gets the endpoint as an answer, and not for that its history.
  'Endpoint.auditLog': view,
  'Endpoint.circuit': same,
  'Endpoint.deliveries': view,
  // What is secret in them has no value here.
  'Endpoint.headers': same,
  'Endpoint.owner': same,
  'Endpoint.signingSecrets': same,
  'Endpoint.state': same,
  'Endpoint.stats': view,
  'Endpoint.verification': same,
  // Whoever publishes gets the event as an answer, and not for that where it goes.
  'Event.deliveries': view,
  'Event.tenant': same,
  'EventType.subscribedEndpoints': asked,
  'PublishedEvent.event': same,
  'TenantFailures.tenant': same,
  'ValidationError.issues': same,
  'Viewer.app': same,
  'Viewer.tenant': same,
};

export function edgeNeeds(typeName: string, fieldName: string): EdgeNeeds | undefined {
  const rule = edges[`${typeName}.${fieldName}`];
  return typeof rule === 'object' ? rule : undefined;
}
