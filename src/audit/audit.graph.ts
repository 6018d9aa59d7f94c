import { platformOwnerId } from '../access/actor.ts';
import { ActorKind, builder } from '../graph/builder.ts';
import { connection, pageArgs, pageCost } from '../graph/connection.ts';
import { type Context, requireActor, requireTenant } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { longText } from '../graph/operation-cost.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import { auditActions } from './audit-actions.ts';
import type { AuditEntry as AuditRecord } from './audit-entry.ts';
import { findAuditEntries, listAudit } from './list-audit.ts';

const AuditActor = builder.objectRef<AuditRecord['actor']>('AuditActor').implement({
  description: 'The caller, as the credential named it at that time.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ActorKind, description: 'The kind of caller.' }),
    actorId: t.exposeString('actorId', {
      description: 'The API key’s id, the JWT’s subject, the console link’s id or the app’s client id.',
    }),
    label: t.exposeString('label', {
      description: 'Display name of the caller: the key’s name, the email, or else the subject.',
    }),
  }),
});

/** The closed list of actions, for readers of the schema. A later version may add to it. */
const listOfActions = `One of: ${Object.entries(auditActions)
  .map(([action, meaning]) => `\`${action}\` (${meaning.replace(/\.$/, '')})`)
  .join(', ')}. A later version may add more.`;

const AuditEntry = builder.objectRef<AuditRecord>('AuditEntry');

node(builder, AuditEntry, {
  description:
    'A record of one change. It is written in the same transaction as the change, so there is never one without the other.',
  permission: 'READ_AUDIT_LOG',
  id: (entry) => encodeId('AuditEntry', entry.id),
  load: async (ids, context) => {
    const found = await findAuditEntries(context.services.database, auditedOwner(context), ids);
    const byId = new Map(found.map((entry) => [entry.id, entry]));
    return ids.map((id) => byId.get(id));
  },
  fields: (t) => ({
    action: t.exposeString('action', {
      description: `The action, written \`noun.verb\`. ${listOfActions}`,
    }),
    actor: t.expose('actor', { type: AuditActor, description: 'The caller who made the change.' }),
    targetType: t.exposeString('targetType', {
      description: 'The type of the record that was changed, such as `Endpoint`.',
    }),
    targetId: t.id({
      description: 'The id of the record that was changed. The record may have been deleted since.',
      resolve: (entry) => encodeId(entry.targetType, entry.targetId),
    }),
    changes: t.expose('changes', {
      type: 'JSON',
      complexity: longText,
      description:
        'The changed fields by name: the value if the field was set for the first time, `{ from, to }` if it was changed. It never holds a secret. Of an entry with more than 131,072 characters the first 200 of each text are kept.',
    }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: 'The id of the request that made the change; null if Heliograph made it by itself.',
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When the change was made.',
      resolve: (entry) => new Date(timeOfUuid(entry.id)),
    }),
  }),
});

/** A page of audit entries. A field of this type returns what `listAudit` returns. */
export const AuditEntryConnection = connection<AuditRecord>(builder, {
  type: AuditEntry,
  cursorOf: (entry) => entry.id,
});

const AuditFilter = builder.inputType('AuditFilter', {
  description:
    'Conditions on audit entries. An entry must meet all of them. One that is null or absent is ignored.',
  fields: (t) => ({
    action: t.stringList({
      description: 'Only these actions, such as `endpoint.create`. An empty list matches nothing.',
    }),
    actorId: t.stringList({
      description:
        'Only changes by these callers, by their exact `AuditActor.actorId`. An empty list matches nothing.',
    }),
    targetId: t.id({
      description: 'Only changes to the record with this id. An unknown id matches nothing.',
    }),
    occurredAfter: t.field({ type: 'DateTime', description: 'Only changes made at this instant or later.' }),
    occurredBefore: t.field({
      type: 'DateTime',
      description:
        'Only changes made before this instant. An instant earlier than `occurredAfter` is BAD_USER_INPUT.',
    }),
  }),
});

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditEntryConnection,
    description:
      'The changes made for the viewer’s tenant, newest first. A service that names no tenant gets the platform’s own changes, which are about tenants and event types.',
    permission: 'READ_AUDIT_LOG',
    capability: { records: ['AuditEntry'], sideEffects: [], idempotency: 'It only reads.' },
    complexity: pageCost,
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: AuditFilter, description: 'Only entries that match; by default all.' }),
    },
    resolve: (_root, { filter, ...page }, context) =>
      listAudit(context.services.database, auditedOwner(context), { page, filter }),
  }),
);

/** The owner whose log the caller reads. Only services can read the platform's log, not a user without a tenant. */
function auditedOwner(context: Context): string {
  const { kind, tenantId } = requireActor(context);
  return kind === 'SERVICE' && tenantId === undefined ? platformOwnerId : requireTenant(context);
}
