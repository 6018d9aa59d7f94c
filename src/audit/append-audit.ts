import type { Transaction } from 'kysely';
import type { Actor } from '../access/actor.ts';
import { type IdType, mintUuid } from '../ids.ts';
import type { Tables } from '../tables.ts';
import type { AuditAction } from './audit-actions.ts';

/**
 * Records what somebody did. The entry is written in the transaction of the act, so there is never one without the
 * other. `changes` never holds a secret.
 */
export type AuditEntryInput = Readonly<{
  /** The owner of the changed record, or `platformOwnerId`. The entry is part of this owner's audit log. */
  ownerId: string;
  actor: Actor;
  action: AuditAction;
  targetType: IdType;
  targetId: string;
  /** A field's value if it was set for the first time, `{ from, to }` if it was changed. */
  changes: Readonly<Record<string, unknown>>;
  requestId: string | undefined;
}>;

export async function appendAudit(trx: Transaction<Tables>, entry: AuditEntryInput): Promise<void> {
  await trx
    .insertInto('audit_entry')
    .values({
      owner_id: entry.ownerId,
      id: mintUuid(),
      action: entry.action,
      actor_kind: entry.actor.kind,
      actor_id: entry.actor.actorId,
      actor_label: entry.actor.label,
      target_type: entry.targetType,
      target_id: entry.targetId,
      changes: toJsonb(entry.changes),
      request_id: entry.requestId ?? null,
    })
    .execute();
}

/** jsonb accepts neither NUL nor half of a surrogate pair. JSON.stringify escapes exactly these. */
function toJsonb(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(changes).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\ufffd');
}
