import type { Selectable } from 'kysely';
import { type ActorKind, actorKinds } from '../access/actor.ts';
import { type IdType, idTypes } from '../ids.ts';
import type { Tables } from '../tables.ts';

export type AuditEntry = Readonly<{
  id: string;
  action: string;
  actor: Readonly<{ kind: ActorKind; actorId: string; label: string }>;
  targetType: IdType;
  targetId: string;
  changes: unknown;
  requestId: string | null;
}>;

export function toAuditEntry(row: Selectable<Tables['audit_entry']>): AuditEntry {
  const kind = actorKinds.find((known) => known === row.actor_kind);
  const targetType = idTypes.find((known) => known === row.target_type);
  if (kind === undefined || targetType === undefined) {
    throw new Error(`The audit entry ${row.id} is of a kind that this version does not know.`);
  }
  return {
    id: row.id,
    action: row.action,
    actor: { kind, actorId: row.actor_id, label: row.actor_label },
    targetType,
    targetId: row.target_id,
    changes: row.changes,
    requestId: row.request_id,
  };
}
