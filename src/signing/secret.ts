import { randomBytes } from 'node:crypto';

const SECRET_PREFIX = 'whsec_';
/** 32 bytes, the length of the digest: HMAC-SHA256 gains nothing from more. The standard asks for 24 to 64. */
const SECRET_BYTES = 32;
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The text is not a signing secret. The message never repeats it. */
export class InvalidSigningSecretError extends Error {
  readonly code = 'INVALID_SIGNING_SECRET';

  constructor() {
    super(
      `a signing secret is ${SECRET_PREFIX} followed by the base64 of ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes`,
    );
    this.name = 'InvalidSigningSecretError';
  }
}

/** Makes a new secret, in the form that its owner sees once: `whsec_` and the base64 of 32 random bytes. */
export function generateSigningSecret(): string {
  return SECRET_PREFIX + randomBytes(SECRET_BYTES).toString('base64');
}

/** The key in a secret's text. */
export function decodeSigningSecret(secret: string): Buffer {
  const encoded = secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : '';
  // Buffer.from skips unknown characters, so a typing mistake would become another key.
  if (!BASE64.test(encoded)) throw new InvalidSigningSecretError();
  const key = Buffer.from(encoded, 'base64');
  if (key.length < MIN_SECRET_BYTES || key.length > MAX_SECRET_BYTES) throw new InvalidSigningSecretError();
  return key;
}
