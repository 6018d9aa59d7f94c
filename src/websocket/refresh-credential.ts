import type { Authenticator } from '../access/authenticate.ts';
import { unauthenticated } from '../access/unauthenticated.ts';
import { type MaskScope, maskError } from '../graph/mask-error.ts';
import { credentialsOf } from './connection-credentials.ts';
import type { SocketCredential } from './socket-credential.ts';

/**
 * The result of a client's attempt to replace its credential, as the `pong` tells it. It describes the credential
 * that is valid now.
 */
export type RefreshAnswer = Readonly<{
  taken: boolean;
  code?: unknown;
  reason?: unknown;
  message?: string;
  retryAfterSeconds?: unknown;
  expiresAt?: string | null;
  expiresInSeconds?: number | null;
}>;

/**
 * Replaces a WebSocket's credential by the one in a ping's payload. A refused credential changes nothing; the answer
 * says why, and whether the same one may be tried again.
 */
export async function refreshCredential(
  payload: Readonly<Record<string, unknown>>,
  options: {
    credential: SocketCredential | undefined;
    /** The tenant for which the connection was opened, so that a service need not name it again. */
    tenantHeader: string | undefined;
    authenticator: Pick<Authenticator, 'authenticate'>;
    /** Counts the attempt. Throws RATE_LIMITED. */
    count: () => void;
    scope: MaskScope;
  },
): Promise<RefreshAnswer> {
  const { credential, authenticator } = options;
  try {
    if (credential === undefined) throw unauthenticated('invalid', 'Send connection_init first.');
    options.count();
    const { authorization, tenantHeader = options.tenantHeader } = credentialsOf(payload);
    const fresh = await authenticator.authenticate({ authorization, tenantHeader });
    if (fresh === undefined) throw unauthenticated('invalid', 'Send a credential in `authorization`.');
    credential.replace(fresh);
    return { taken: true, ...credential.expiry() };
  } catch (error) {
    const { message, extensions } = maskError(error, options.scope);
    const { code, reason, retryAfterSeconds } = extensions;
    return { taken: false, code, reason, message, retryAfterSeconds, ...credential?.expiry() };
  }
}
