import { sql } from 'kysely';
import { sealedTokenKeyPlace } from '../access/app-tokens.ts';
import type { Database } from '../db/pool.ts';
import { sealedAnswerPlace } from '../idempotency/with-idempotency.ts';
import { lowestUuid } from '../ids.ts';
import { sealedSecretPlace } from '../sending/signing-secrets.ts';
import { BrokenSealError, type SecretBox, UnknownSealKeyError } from '../signing/secret-box.ts';
import { rekeyHeaders } from './rekey-headers.ts';

/** The number of rows that are read and resealed at a time. */
const batchRows = 200;
export type Rekeyed = Readonly<{
  signingSecrets: number;
  answers: number;
  /** The keys that sign the apps' access tokens. */
  tokenKeys: number;
  /** Endpoints whose secret headers were resealed. */
  headers: number;
  /** Rows that no key of the ring opens. They are left unchanged. */
  unreadable: number;
}>;

/**
 * Reseals under the first key of the ring everything that another key sealed: signing secrets, endpoints' secret
 * headers, the stored answers of idempotency keys, and the keys that sign access tokens. The content of a row does
 * not change, nor does what a process with the same ring can open.
 *
 * It walks each table once by its key, and a repeated run skips what is done. A row is replaced only if it is still
 * as it was read: a row that was rotated, deleted or resealed meanwhile is left alone, and no row is locked for
 * longer than its own update.
 */
export async function rekeySecrets(database: Database, box: SecretBox): Promise<Rekeyed> {
  const tally: Tally = { sealed: 0, unreadable: 0 };
  const secrets = await rekeySigningSecrets(database, box);
  const answers = await rekeyAnswers(database, box);
  const tokenKeys = await rekeyTokenKeys(database, box);
  const headers = await rekeyHeaders(database, (sealed, place) => resealed(box, { sealed, place, tally }));
  return {
    headers,
    signingSecrets: secrets.sealed,
    answers: answers.sealed,
    tokenKeys: tokenKeys.sealed,
    unreadable: secrets.unreadable + answers.unreadable + tokenKeys.unreadable + tally.unreadable,
  };
}

type Tally = { sealed: number; unreadable: number };

async function rekeySigningSecrets({ query }: Database, box: SecretBox): Promise<Tally> {
  const tally: Tally = { sealed: 0, unreadable: 0 };
  let last = { owner_id: lowestUuid, endpoint_id: lowestUuid, id: lowestUuid };
  for (;;) {
    const rows = await query
      .selectFrom('signing_secret')
      .select(['owner_id', 'endpoint_id', 'id', 'sealed'])
      .where(
        sql<boolean>`(owner_id, endpoint_id, id) > (${last.owner_id}::uuid, ${last.endpoint_id}::uuid, ${last.id}::uuid)`,
      )
      .orderBy('owner_id')
      .orderBy('endpoint_id')
      .orderBy('id')
      .limit(batchRows)
      .execute();
    for (const { owner_id, endpoint_id, id, sealed } of rows) {
      const place = sealedSecretPlace({ ownerId: owner_id, endpointId: endpoint_id, id });
      const fresh = resealed(box, { sealed, place, tally });
      if (fresh === undefined) continue;
      const { numUpdatedRows } = await query
        .updateTable('signing_secret')
        .set({ sealed: fresh })
        .where('owner_id', '=', owner_id)
        .where('endpoint_id', '=', endpoint_id)
        .where('id', '=', id)
        .where('sealed', '=', sealed)
        .executeTakeFirst();
      tally.sealed += Number(numUpdatedRows);
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length < batchRows) return tally;
    last = end;
  }
}

type AnswerRow = { owner_id: string; actor: string; field: string; key: string; answer: Buffer };

async function rekeyAnswers({ query }: Database, box: SecretBox): Promise<Tally> {
  const tally: Tally = { sealed: 0, unreadable: 0 };
  let last = { owner_id: lowestUuid, actor: '', field: '', key: '' };
  for (;;) {
    const { rows } = await sql<AnswerRow>`
      select owner_id, actor, field, key, answer from idempotency_key
       where (owner_id, actor, field, key) > (${last.owner_id}::uuid, ${last.actor}, ${last.field}, ${last.key})
         and answer is not null
       order by owner_id, actor, field, key
       limit ${batchRows}`.execute(query);
    for (const { owner_id, actor, field, key, answer } of rows) {
      const place = sealedAnswerPlace({ ownerId: owner_id, actor, field, key });
      const fresh = resealed(box, { sealed: answer, place, tally });
      if (fresh === undefined) continue;
      const { numAffectedRows } = await sql`
        update idempotency_key set answer = ${fresh}
         where owner_id = ${owner_id} and actor = ${actor} and field = ${field} and key = ${key}
           and answer = ${answer}`.execute(query);
      tally.sealed += Number(numAffectedRows ?? 0);
    }
    const end = rows.at(-1);
    if (end === undefined || rows.length < batchRows) return tally;
    last = end;
  }
}

/** There are at most a few. */
async function rekeyTokenKeys({ query }: Database, box: SecretBox): Promise<Tally> {
  const tally: Tally = { sealed: 0, unreadable: 0 };
  for (const { id, sealed } of await query.selectFrom('app_token_key').selectAll().execute()) {
    const fresh = resealed(box, { sealed, place: sealedTokenKeyPlace(id), tally });
    if (fresh === undefined) continue;
    const { numUpdatedRows } = await query
      .updateTable('app_token_key')
      .set({ sealed: fresh })
      .where('id', '=', id)
      .where('sealed', '=', sealed)
      .executeTakeFirst();
    tally.sealed += Number(numUpdatedRows);
  }
  return tally;
}

/** Undefined if the first key sealed it already, or if it cannot be opened. */
function resealed(
  box: SecretBox,
  { sealed, place, tally }: { sealed: Buffer; place: string; tally: Tally },
): Buffer | undefined {
  try {
    return box.keyIdOf(sealed) === box.currentKeyId ? undefined : box.seal(box.open(sealed, place), place);
  } catch (error) {
    if (!(error instanceof UnknownSealKeyError || error instanceof BrokenSealError)) throw error;
    tally.unreadable += 1;
    return undefined;
  }
}
