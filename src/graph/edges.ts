import type { AppPermission, Permission } from '../access/permissions.ts';

/** The permission needed to follow an edge: the tenant's permission for a tenant's record, the app's for an app's. */
export type EdgeNeeds = Readonly<{ tenant: Permission; app: AppPermission }>;

/**
 * - needs: the permission plugin checks it for the owner of the record where the edge starts.
 * - `'AS ITS PARENT'`: a caller that may see the parent may follow it.
 * - `'ASKED BY ITS RESOLVER'`: the resolver checks the app's own permission, and returns null without it.
 */
export type EdgeRule = EdgeNeeds | 'AS ITS PARENT' | 'ASKED BY ITS RESOLVER';

const view: EdgeNeeds = { tenant: 'MANAGE_WEBHOOKS', app: 'VIEW_DELIVERIES' };
const same = 'AS ITS PARENT';
const asked = 'ASKED BY ITS RESOLVER';

/**
 * Every field that leads from one object to another, with the permission to follow it. A root field's permission is
 * checked where a caller enters; this one is checked where the caller arrives. Building the schema fails for a field
 * that leads to an object and is not listed here, and for an entry without a field.
 *
 * Root fields have their own permissions. The fields of connections, edges and payloads are left out, because they
 * hold what the field that they belong to has returned.
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
  // A caller that may cancel, replay or test gets the delivery as the answer, but that does not allow it to read what
  // receivers answered.
  'Delivery.attempts': view,
  'Delivery.blockedBy': view,
  'Delivery.endpoint': same,
  // The permission for the content of the event is checked there.
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
  // A caller that may create or change an endpoint gets it as the answer, but that does not allow it to read the
  // history.
  'Endpoint.auditLog': view,
  'Endpoint.circuit': same,
  'Endpoint.deliveries': view,
  'Endpoint.filter': same,
  // Secrets have no value here.
  'Endpoint.headers': same,
  'Endpoint.owner': same,
  'Endpoint.signingSecrets': same,
  'Endpoint.state': same,
  'Endpoint.stats': view,
  'Endpoint.verification': same,
  // A caller that may publish gets the event as the answer, but that does not allow it to see the receivers.
  'Event.deliveries': view,
  'Event.tenant': same,
  'EventType.subscribedEndpoints': asked,
  'FilterPreview.events': same,
  'FilterPreviewEvent.event': same,
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
