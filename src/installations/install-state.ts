import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import { isUuid, mintUuid } from '../ids.ts';
import type { SecretBox } from '../signing/secret-box.ts';

/** The purpose of the state. A state that was sealed for another purpose cannot be opened. */
const purpose = 'install-link';
const maxStateLength = 16_384;
const uuid = z.string().refine(isUuid);

const contents = z.object({
  id: uuid,
  appId: uuid,
  /** Null: an administrator of any tenant may use it. */
  tenantId: uuid.nullable(),
  permissions: z.array(z.string()),
  expiresAt: z.number(),
});

/** The state of an install link: the app to install, its permissions, the tenant, and the expiry. */
export type InstallState = Readonly<z.infer<typeof contents>>;

/**
 * Creates the text that a link carries. It is sealed with the key ring (AES-GCM), so its holder can neither read nor
 * change it, and it can be opened only for this purpose. It grants nothing: installing needs the administrator's own
 * token.
 */
export function sealInstallState(box: SecretBox, state: Omit<InstallState, 'id'>): string {
  return box.seal(JSON.stringify({ id: mintUuid(), ...state }), purpose).toString('base64url');
}

/** Undefined if the text is not a valid, unexpired state for this purpose. It may have been used already. */
export function openInstallState(box: SecretBox, text: string): InstallState | undefined {
  if (text.length > maxStateLength || !/^[\w-]+$/.test(text)) return undefined;
  const state = contents.safeParse(open(box, Buffer.from(text, 'base64url')));
  return state.success && state.data.expiresAt > databaseNow() ? state.data : undefined;
}

function open(box: SecretBox, sealed: Buffer): unknown {
  try {
    return JSON.parse(box.open(sealed, purpose));
  } catch {
    // The state was changed, was sealed for another purpose, or was sealed under a key that we no longer have. The
    // answer is the same in all cases.
    return undefined;
  }
}
