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

/**
 * The limit for an entry as JSON. The longest honest one, a changed endpoint with all its settings, has 90,000
 * characters. A filter for a bulk job may hold megabytes of text that matches nothing, and a page has 100 entries.
 */
const maxChars = 131_072;
/** An entry that is longer keeps so much of each text: more than any id, name or condition that can match has. */
const maxTextChars = 200;

function toJsonb(changes: Readonly<Record<string, unknown>>): string {
  const json = JSON.stringify(changes);
  return storable(json.length <= maxChars ? json : JSON.stringify(changes, shortened));
}

const shortened = (_key: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > maxTextChars ? `${value.slice(0, maxTextChars)}…` : value;

/** jsonb accepts neither NUL nor half of a surrogate pair. JSON.stringify escapes exactly these. */
const storable = (json: string): string =>
  json.replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\ufffd');
