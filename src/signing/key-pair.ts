import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isWeakKey, type SecretProblem } from './own-secret.ts';

/**
 * Asymmetric keys of Standard Webhooks: Ed25519, whose private half is written `whsk_` and the base64 of the seed and
 * the public key (64 bytes), and whose public half is `whpk_` and the base64 of 32 bytes. Whoever knows the public half
 * can verify and cannot sign.
 */
export const privateKeyPrefix = 'whsk_';
const publicKeyPrefix = 'whpk_';
const seedBytes = 32;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** RFC 8410, section 7: what stands before the seed in a PKCS #8 key. */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A fresh private key, in its text. */
export function generatePrivateKey(): string {
  const { d = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return privateKeyText(Buffer.from(d, 'base64url'));
}

/** The key in a private key's text. Undefined where it is none, or where its two halves do not belong together. */
export function readPrivateKey(text: string): KeyObject | undefined {
  const encoded = text.startsWith(privateKeyPrefix) ? text.slice(privateKeyPrefix.length) : '-';
  if (!base64.test(encoded)) return undefined;
  const bytes = Buffer.from(encoded, 'base64');
  const seed = bytes.subarray(0, seedBytes);
  if (bytes.length !== seedBytes && bytes.length !== 2 * seedBytes) return undefined;
  const key = privateKeyOf(seed);
  const belongs = bytes.length === seedBytes || bytes.subarray(seedBytes).equals(publicBytesOf(key));
  return belongs ? key : undefined;
}

/** What receivers verify with: `whpk_…`. */
export const publicKeyText = (key: KeyObject): string =>
  publicKeyPrefix + publicBytesOf(key).toString('base64');

/** The text of `v1a` that stands for a signature of the message. */
export const signAsymmetrically = (key: KeyObject, message: string): string =>
  `v1a,${sign(null, Buffer.from(message), key).toString('base64')}`;

/** What keeps a text that somebody brought along from being a private key. Nothing of it is repeated. */
export function ownPrivateKeyProblem(text: string): SecretProblem | undefined {
  const key = readPrivateKey(text);
  if (key === undefined) {
    const message =
      'A private key is `whsk_` and the base64 of the 32 bytes of an Ed25519 seed, or of these and the 32 of its public key.';
    return { code: 'INVALID', message };
  }
  const { d = '' } = key.export({ format: 'jwk' });
  if (!isWeakKey(Buffer.from(d, 'base64url'))) return undefined;
  return { code: 'WEAK', message: 'The key can be guessed: make one with a random number generator.' };
}

function privateKeyText(seed: Buffer): string {
  const both = Buffer.concat([seed, publicBytesOf(privateKeyOf(seed))]);
  return privateKeyPrefix + both.toString('base64');
}

const privateKeyOf = (seed: Buffer): KeyObject =>
  createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' });

function publicBytesOf(key: KeyObject): Buffer {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url');
}
