import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import { isUuid, mintUuid } from '../ids.ts';
import type { SecretBox } from '../signing/secret-box.ts';

/** What the state is good for: sealed for another purpose, it does not open. */
const purpose = 'install-link';
const maxStateLength = 16_384;
const uuid = z.string().refine(isUuid);

const contents = z.object({
  id: uuid,
  appId: uuid,
  /** Null: any tenant's administrator may use it. */
  tenantId: uuid.nullable(),
  permissions: z.array(z.string()),
  expiresAt: z.number(),
});

/** An install link's state: which app is to be installed, with which permissions, by which tenant, until when. */
export type InstallState = Readonly<z.infer<typeof contents>>;

/**
 * Makes the text that a link carries. It is sealed with the key ring (AES-GCM): who holds it can neither read nor
 * change it, and it opens for this purpose alone. It grants nothing: installing takes the administrator's own token.
 */
export function sealInstallState(box: SecretBox, state: Omit<InstallState, 'id'>): string {
  return box.seal(JSON.stringify({ id: mintUuid(), ...state }), purpose).toString('base64url');
}

/** Undefined for whatever is not a state of ours, for this purpose, in its time. It may have been used already. */
export function openInstallState(box: SecretBox, text: string): InstallState | undefined {
  if (text.length > maxStateLength || !/^[\w-]+$/.test(text)) return undefined;
  const state = contents.safeParse(open(box, Buffer.from(text, 'base64url')));
  return state.success && state.data.expiresAt > databaseNow() ? state.data : undefined;
}

function open(box: SecretBox, sealed: Buffer): unknown {
  try {
    return JSON.parse(box.open(sealed, purpose));
  } catch {
    // Changed, of another purpose or under a key that we no longer have: all the same to whoever sent it.
    return undefined;
  }
}
