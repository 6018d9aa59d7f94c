import { z } from 'zod';
import { isExternalId } from '../access/tenant-identity.ts';
import { decodeId } from '../ids.ts';
import { readJson } from '../json/json-limits.ts';
import { isStorable } from '../text.ts';

const subject = z.string().min(1).max(255).refine(withoutNul);
const tenant = z.string().refine(isExternalId);
const apiKeyId = z.string().refine((id) => decodeId('ApiKey', id) !== undefined);
const userData = z.object({ subject });
const tenantData = z.object({ tenant });
const keyData = z.union([
  z.object({ tenant, apiKeyId }),
  z.object({ tokenSha256: z.string().regex(/^[0-9a-f]{64}$/i) }),
]);

/** The messages of the identity provider. Unknown fields are ignored. */
const message = z.discriminatedUnion('type', [
  z.object({ type: z.literal('user.deleted'), data: userData }),
  z.object({ type: z.literal('user.permissions_changed'), data: userData }),
  z.object({ type: z.literal('tenant.suspended'), data: tenantData }),
  z.object({ type: z.literal('tenant.resumed'), data: tenantData }),
  z.object({ type: z.literal('api_key.compromised'), data: keyData }),
]);

const envelope = z.object({ type: z.string(), timestamp: z.string().optional() });
const known: readonly string[] = message.options.map(({ shape }) => shape.type.value);

export type AuthMessage = z.infer<typeof message>;
/** When it happened, if the message says so. */
export type ReadMessage = Readonly<{ message: AuthMessage; at: Date | undefined }>;

/** Reads a message's body. `IGNORED` is a type that we do not handle; undefined is a body that we cannot read. */
export function readAuthMessage(body: Buffer): ReadMessage | 'IGNORED' | undefined {
  const json = readJson(body);
  const outer = envelope.safeParse(json);
  if (!outer.success) return undefined;
  if (!known.includes(outer.data.type)) return 'IGNORED';
  const inner = message.safeParse(json);
  const at = outer.data.timestamp === undefined ? undefined : new Date(outer.data.timestamp);
  // Some programs write the year 1 for a time that is not known. Tokens called back since then would all stay valid.
  if (!inner.success || (at !== undefined && !(at.getTime() > 0))) return undefined;
  return { message: inner.data, at };
}

/** PostgreSQL does not accept NUL in text. */
function withoutNul(text: string): boolean {
  return isStorable(text);
}
