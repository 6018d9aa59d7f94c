import type { Transaction } from 'kysely';
import { type Context, requireActor } from '../graph/context.ts';
import type { SecretBox } from '../signing/secret-box.ts';
import type { Tables } from '../tables.ts';
import { resolveIdempotencyKey } from './resolve-key.ts';
import { type KeptAnswer, withIdempotency } from './with-idempotency.ts';

declare module '../graph/context.ts' {
  interface Services {
    secretBox: SecretBox;
  }
}

/** The description of every input field `idempotencyKey`. */
export const idempotencyKeyDescription =
  'Makes it safe to repeat the call: for 24 hours, the same caller with the same key and the same input gets the first answer again, and nothing is done twice. 1 to 255 printable ASCII characters. The header `Idempotency-Key` does the same. A call with the same key and another input, or one made while the first still runs, is answered with an IdempotencyError.';

/** What the inventory says about a mutation that accepts a key. */
export const idempotencyNote =
  'With an idempotency key the first answer is given again for 24 hours. Without a key every call acts again.';

/** Runs the act of a mutation once for each idempotency key of the caller, from the input or the header. */
export function idempotently<Answer extends KeptAnswer>(
  context: Context,
  call: Readonly<{
    ownerId: string;
    /** The mutation's name. */
    field: string;
    input: Readonly<Record<string, unknown>> & { idempotencyKey?: string | null | undefined };
    /** The UUID of the record whose secret is part of the answer. */
    secretOf?: (answer: Answer) => string;
    /** The last statement of the act, right before the commit. Use it for a statement that locks an owner's log. */
    lastly?: (trx: Transaction<Tables>, answer: Answer) => Promise<void>;
  }>,
  act: (trx: Transaction<Tables>) => Promise<Answer>,
): Promise<Answer> {
  const { database, secretBox } = context.services;
  const key = resolveIdempotencyKey(call.input.idempotencyKey, context.idempotencyKey);
  return withIdempotency({ ...call, database, secretBox, actor: requireActor(context), key }, act);
}
