import { refusal, singleHeader, unauthorized } from '../access/route-secret.ts';
import { databaseNow } from '../clock.ts';
import { ConfigError } from '../config.ts';
import type { Database } from '../db/pool.ts';
import { declareRoute, type Route, type RouteRequest } from '../route.ts';
import { decodeSigningSecret } from '../signing/secret.ts';
import { type SignatureHeaders, verifySignature } from '../signing/sign.ts';
import { applyAuthMessage } from './apply-auth-message.ts';
import { readAuthMessage } from './auth-message.ts';

const toleranceSeconds = 300;
const idPattern = /^[\x21-\x7e]{1,255}$/;

const authHook = declareRoute({
  method: 'POST',
  path: '/internal/auth-hook',
  description:
    'Receives messages of the identity provider: `user.deleted`, `user.permissions_changed`, `tenant.suspended`, `tenant.resumed`, `api_key.compromised`. It exists only if AUTH_HOOK_SECRET is set.',
  auth: ['SIGNATURE'],
  request:
    'a Standard Webhooks message, at most 5 minutes old: {"type","timestamp","data"}; data: {"subject"} of users, {"tenant"} of tenants, {"tokenSha256"} or {"tenant","apiKeyId"} of a key',
  response:
    '200 {"status":"DONE","revokedKeys"}, {"status":"DUPLICATE"} or, for other types, {"status":"IGNORED"}',
  errors: ['UNAUTHENTICATED', 'BAD_USER_INPUT', 'UNAVAILABLE', 'INTERNAL'],
  records: ['ApiKey', 'Tenant', 'AuditEntry'],
  sideEffects: [
    'requests of the callers concerned are refused within 2 s, and their subscriptions end within 5 s',
    'audit entries api_key.revoke, tenant.suspend, tenant.resume, user.delete, user.change_permissions',
  ],
  idempotency: 'Each webhook-id is handled once. A repeated call changes nothing and answers DUPLICATE.',
});

/** Receives the messages of the identity provider, which are authenticated by their signature. */
export function authHookRoute({ secret, database }: { secret: string; database: Database }): Route {
  const key = keyOf(secret);

  async function once(
    headers: SignatureHeaders,
    body: Buffer,
    requestId: string,
  ): Promise<object | undefined> {
    const read = readAuthMessage(body);
    if (read === undefined) return undefined;
    if (read === 'IGNORED') return { status: 'IGNORED' };
    // A time in the future would refuse tokens that are issued later.
    const sentAt = Number(headers.timestamp) * 1000;
    const at = new Date(Math.min(read.at?.getTime() ?? sentAt, sentAt, databaseNow()));
    return await database.query.transaction().execute(async (trx) => {
      const { numInsertedOrUpdatedRows } = await trx
        .insertInto('auth_hook_seen')
        .values({ webhook_id: headers.id })
        .onConflict((conflict) => conflict.column('webhook_id').doNothing())
        .executeTakeFirstOrThrow();
      if (numInsertedOrUpdatedRows !== 1n) return { status: 'DUPLICATE' };
      const revokedKeys = await applyAuthMessage(trx, { message: read.message, at, requestId });
      return { status: 'DONE', revokedKeys };
    });
  }

  return authHook(async (request) => {
    const headers = signatureHeaders(request);
    const text = request.body.toString('utf8');
    const nowSeconds = databaseNow() / 1000;
    if (headers === undefined || !verifySignature([key], headers, text, { toleranceSeconds, nowSeconds })) {
      return unauthorized;
    }
    const answer = await once(headers, request.body, request.requestId);
    return answer === undefined
      ? refusal(400, 'BAD_USER_INPUT', 'The message does not have the fields that its type requires.')
      : { status: 200, body: answer };
  });
}

function signatureHeaders(request: RouteRequest): SignatureHeaders | undefined {
  const id = singleHeader(request, 'webhook-id');
  const timestamp = singleHeader(request, 'webhook-timestamp');
  const signature = singleHeader(request, 'webhook-signature');
  if (id === undefined || timestamp === undefined || signature === undefined) return undefined;
  return idPattern.test(id) ? { id, timestamp, signature } : undefined;
}

/** The key is the base64 after `whsec_`, as in the standard, or the bytes of any other text. */
function keyOf(secret: string): Buffer {
  if (!secret.startsWith('whsec_')) return Buffer.from(secret, 'utf8');
  try {
    return decodeSigningSecret(secret);
  } catch {
    throw new ConfigError(
      'Configuration: AUTH_HOOK_SECRET begins with whsec_, so it must continue with the base64 of 24 to 64 bytes.',
    );
  }
}
