import { createHash, randomInt } from 'node:crypto';

/** How every API key begins: whoever finds one in a file or a log knows at once what it is. */
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

/** A mark and 256 random bits. */
export function makeToken(mark: string): string {
  return (
    mark + Array.from({ length: secretLength }, () => alphabet.charAt(randomInt(alphabet.length))).join('')
  );
}

/** What is kept of a token. It has 256 random bits, so that a plain hash cannot be turned round by guessing. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
