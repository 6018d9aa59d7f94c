import { platformOwnerId } from '../access/actor.ts';
import { ActorKind, builder } from '../graph/builder.ts';
import { connection, pageArgs, pageCost } from '../graph/connection.ts';
import { type Context, requireActor, requireTenant } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { encodeId, timeOfUuid } from '../ids.ts';
import { auditActions } from './audit-actions.ts';
import type { AuditEntry as AuditRecord } from './audit-entry.ts';
import { findAuditEntries, listAudit } from './list-audit.ts';

const AuditActor = builder.objectRef<AuditRecord['actor']>('AuditActor').implement({
  description: 'Who did it, as their credential told at that time.',
  fields: (t) => ({
    kind: t.expose('kind', { type: ActorKind, description: 'What kind of caller it was.' }),
    actorId: t.exposeString('actorId', {
      description: 'API key id, JWT subject, console link id or client id.',
    }),
    label: t.exposeString('label', {
      description: 'Their name for people: the key’s name, the email, the subject.',
    }),
  }),
});

/** The closed list, for the schema's readers. A later version may add to it. */
const listOfActions = `One of: ${Object.entries(auditActions)
  .map(([action, meaning]) => `\`${action}\` (${meaning.replace(/\.$/, '')})`)
  .join(', ')}. A later version may add more.`;

const AuditEntry = builder.objectRef<AuditRecord>('AuditEntry');

node(builder, AuditEntry, {
  description:
    'One act that changed something. It is written in the same transaction as the act: neither stands without the other.',
  permission: 'READ_AUDIT_LOG',
  id: (entry) => encodeId('AuditEntry', entry.id),
  load: async (ids, context) => {
    const found = await findAuditEntries(context.services.database, auditedOwner(context), ids);
    const byId = new Map(found.map((entry) => [entry.id, entry]));
    return ids.map((id) => byId.get(id));
  },
  fields: (t) => ({
    action: t.exposeString('action', {
      description: `What was done, as \`noun.verb\`. ${listOfActions}`,
    }),
    actor: t.expose('actor', { type: AuditActor, description: 'Who did it.' }),
    targetType: t.exposeString('targetType', {
      description: 'The type of the record that was changed: `Endpoint`.',
    }),
    targetId: t.id({
      description: 'The id of the record that was changed; it may be gone since.',
      resolve: (entry) => encodeId(entry.targetType, entry.targetId),
    }),
    changes: t.expose('changes', {
      type: 'JSON',
      description:
        'What changed, by field: the value where it was set first, `{ from, to }` where it was changed. Never a secret.',
    }),
    requestId: t.exposeString('requestId', {
      nullable: true,
      description: 'The request that did it; null for what Heliograph did by itself.',
    }),
    occurredAt: t.field({
      type: 'DateTime',
      description: 'When it was done.',
      resolve: (entry) => new Date(timeOfUuid(entry.id)),
    }),
  }),
});

/** A page of entries: answer a field of it with what `listAudit` returns. */
export const AuditEntryConnection = connection<AuditRecord>(builder, {
  type: AuditEntry,
  cursorOf: (entry) => entry.id,
});

const AuditFilter = builder.inputType('AuditFilter', {
  description: 'Which entries: those that meet every condition. Null or absent: no condition.',
  fields: (t) => ({
    action: t.stringList({
      description: 'One of these actions: `endpoint.create`. An empty list matches nothing.',
    }),
    actorId: t.stringList({
      description:
        'Done by one of these, as `AuditActor.actorId` tells them: exactly. An empty list matches nothing.',
    }),
    targetId: t.id({ description: 'About this record. One that is unknown matches nothing.' }),
    occurredAfter: t.field({ type: 'DateTime', description: 'Done at this instant or later.' }),
    occurredBefore: t.field({
      type: 'DateTime',
      description: 'Done before this instant. BAD_USER_INPUT where it is earlier than `occurredAfter`.',
    }),
  }),
});

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditEntryConnection,
    description:
      'What was changed for the viewer’s tenant, newest first. A service that names no tenant reads the platform’s own log: tenants and event types.',
    permission: 'READ_AUDIT_LOG',
    capability: { records: ['AuditEntry'], sideEffects: [], idempotency: 'A read: changes nothing.' },
    complexity: pageCost,
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: AuditFilter, description: 'Which entries; all by default.' }),
    },
    resolve: (_root, { filter, ...page }, context) =>
      listAudit(context.services.database, auditedOwner(context), { page, filter }),
  }),
);

/** Whose log the caller reads. What belongs to the platform is told to its services alone, not to a tenantless user. */
function auditedOwner(context: Context): string {
  const { kind, tenantId } = requireActor(context);
  return kind === 'SERVICE' && tenantId === undefined ? platformOwnerId : requireTenant(context);
}
