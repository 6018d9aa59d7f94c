/**
 * Seals secrets for the database: whoever reads a dump reads none of them.
 *
 * Format: version (1 byte, 1) | length of the key id (1) | key id | nonce (12) | ciphertext | tag (16).
 *
 * AES-256-GCM with a random nonce each. The additional data binds a sealed secret to the place where it stands
 * (the caller's `aad`: owner, endpoint, secret id) and to its own header, so that copying it into another row,
 * or naming another key, makes it unreadable. The first key of the ring seals and all open: to rotate, put a
 * new key first, seal what `keyIdOf` shows to be under an old one again, then drop the old one.
 *
 * 2^32 seals under one key are the limit for random nonces (NIST SP 800-38D, section 8.3): far away here.
 * Opening takes about 20 µs.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
// Said aloud when opening, too: without it Node accepts tags of 4 bytes.
const TAG_BYTES = 16;
const FIXED_HEADER_BYTES = 2;
const KEY_BYTES = 32;
/** Short enough that a base64 key, put where the id belongs, is never taken for one and printed. */
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

export interface RingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** The text of a key ring, or the ring made of it, cannot be used. The message names the entry, never a key. */
export class InvalidKeyRingError extends Error {
  readonly code = 'INVALID_KEY_RING';

  constructor(message: string) {
    super(message);
    this.name = 'InvalidKeyRingError';
  }
}

/** The key that sealed it is not in the ring. */
export class UnknownSealKeyError extends Error {
  readonly code = 'UNKNOWN_SEAL_KEY';

  constructor(keyId: string) {
    super(`a secret was sealed under the key "${keyId}", which is not in the key ring`);
    this.name = 'UnknownSealKeyError';
  }
}

/** It is not in our format, was changed, or stands in another place than it was sealed for. */
export class BrokenSealError extends Error {
  readonly code = 'BROKEN_SEAL';

  constructor() {
    super('a sealed secret cannot be opened: it was changed, or belongs elsewhere');
    this.name = 'BrokenSealError';
  }
}

export class SecretBox {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #current: RingKey;

  constructor(keys: readonly RingKey[]) {
    checkKeyRing(keys);
    const [current] = keys;
    if (current === undefined) throw new InvalidKeyRingError('the key ring is empty');
    this.#current = current;
    this.#keys = new Map(keys.map(({ id, key }) => [id, key]));
  }

  /** The key that seals from now on. */
  get currentKeyId(): string {
    return this.#current.id;
  }

  seal(plaintext: string, aad: string): Buffer {
    const { id, key } = this.#current;
    const header = Buffer.from([VERSION, id.length, ...Buffer.from(id, 'ascii')]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(additionalData(header, aad));
    const ciphertext = [cipher.update(plaintext, 'utf8'), cipher.final()];
    return Buffer.concat([header, nonce, ...ciphertext, cipher.getAuthTag()]);
  }

  /** Throws UnknownSealKeyError or BrokenSealError. */
  open(sealed: Buffer, aad: string): string {
    const { header, keyId, nonce, ciphertext, tag } = split(sealed);
    const key = this.#keys.get(keyId);
    if (key === undefined) throw new UnknownSealKeyError(keyId);
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(additionalData(header, aad));
    decipher.setAuthTag(tag);
    try {
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
    } catch {
      throw new BrokenSealError();
    }
  }

  keyIdOf(sealed: Buffer): string {
    return split(sealed).keyId;
  }
}

/** Reads `id:base64,id:base64,…`: the first key seals, all of them open. */
export function parseKeyRing(text: string): readonly RingKey[] {
  const keys = text.split(',').map((entry, index) => parseEntry(entry.trim(), index + 1));
  checkKeyRing(keys);
  return keys;
}

/** The header has a length of its own, so header and `aad` cannot be told apart in two ways. */
function additionalData(header: Buffer, aad: string): Buffer {
  return Buffer.concat([header, Buffer.from(aad, 'utf8')]);
}

function split(sealed: Buffer) {
  const headerBytes = FIXED_HEADER_BYTES + (sealed[1] ?? 0);
  if (sealed[0] !== VERSION || sealed.length < headerBytes + NONCE_BYTES + TAG_BYTES)
    throw new BrokenSealError();
  const nonceEnd = headerBytes + NONCE_BYTES;
  const tagStart = sealed.length - TAG_BYTES;
  return {
    header: sealed.subarray(0, headerBytes),
    keyId: sealed.toString('ascii', FIXED_HEADER_BYTES, headerBytes),
    nonce: sealed.subarray(headerBytes, nonceEnd),
    ciphertext: sealed.subarray(nonceEnd, tagStart),
    tag: sealed.subarray(tagStart),
  };
}

/** What must hold of every ring, wherever it came from. */
function checkKeyRing(keys: readonly RingKey[]): void {
  if (keys.length === 0) throw new InvalidKeyRingError('the key ring is empty');
  const ids = new Set<string>();
  for (const [index, { id, key }] of keys.entries()) {
    if (!KEY_ID.test(id)) throw badId(index + 1);
    if (key.length !== KEY_BYTES) throw badKey(id);
    if (ids.has(id)) throw new InvalidKeyRingError(`the key id "${id}" stands twice in the key ring`);
    ids.add(id);
  }
}

function parseEntry(entry: string, position: number): RingKey {
  const [id, encoded, ...rest] = entry.split(':');
  if (id === undefined || encoded === undefined || rest.length > 0) {
    throw new InvalidKeyRingError(`entry ${position} of the key ring is not of the form id:base64`);
  }
  if (!KEY_ID.test(id)) throw badId(position);
  if (!BASE64.test(encoded)) throw badKey(id);
  return { id, key: Buffer.from(encoded, 'base64') };
}

function badId(position: number): InvalidKeyRingError {
  return new InvalidKeyRingError(
    `the id of entry ${position} of the key ring must be 1 to 32 letters, digits, "_" or "-"`,
  );
}

function badKey(id: string): InvalidKeyRingError {
  return new InvalidKeyRingError(`the key "${id}" of the key ring must be the base64 of ${KEY_BYTES} bytes`);
}
