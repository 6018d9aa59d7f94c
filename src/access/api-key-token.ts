import { createHash, randomInt } from 'node:crypto';

/** The prefix of every API key, so that a key is recognised when somebody finds one in a file or a log. */
export const apiKeyMark = 'hgk_';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 of 62 characters are 256 bits. */
const secretLength = 43;
const prefixLength = 12;

export type ApiKeyToken = Readonly<{ token: string; prefix: string; lastFour: string; hash: Buffer }>;

/** A fresh API key. Only `token` is secret; it is shown once and kept nowhere. */
export function makeApiKeyToken(): ApiKeyToken {
  const token = makeToken(apiKeyMark);
  return { token, prefix: token.slice(0, prefixLength), lastFour: token.slice(-4), hash: hashToken(token) };
}

/** A prefix followed by 256 random bits. */
export function makeToken(mark: string): string {
  return (
    mark + Array.from({ length: secretLength }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
  );
}

/**
 * The hash under which a token is stored. The token has 256 random bits, so a plain hash cannot be reversed by
 * guessing.
 */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
