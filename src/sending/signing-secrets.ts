import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import { mintUuid, timeOfUuid } from '../ids.ts';
import { generatePrivateKey, privateKeyPrefix, publicKeyText, readPrivateKey } from '../signing/key-pair.ts';
import { decodeSigningSecret, generateSigningSecret, InvalidSigningSecretError } from '../signing/secret.ts';
import type { SecretBox } from '../signing/secret-box.ts';
import type { SigningKey } from '../signing/sign.ts';
import type { SignatureScheme, Tables } from '../tables.ts';
import { Opened } from './opened.ts';
import { type HeaderPlace, type OwnHeader, sealedHeaderPlace } from './sealed-headers.ts';

/** With more signatures the header would become long, and every receiver slow. */
export const maxSecretsInForce = 10;

/** A secret as it is stored. It cannot be read without the key ring. */
export type SealedSecret = Readonly<{ ownerId: string; endpointId: string; id: string; sealed: Buffer }>;

/** `scheme` is for a secret that is generated. The scheme of an owner's own secret follows from its text. */
type NewSecret = Readonly<{
  ownerId: string;
  endpointId: string;
  own?: string | undefined;
  scheme?: SignatureScheme | undefined;
}>;

/** A secret that signs, and the time until which it does. */
export type SecretInfo = Readonly<{
  id: string;
  createdAt: Date;
  expiresAt: Date | undefined;
  /** The public key of a key pair: `whpk_…`. */
  publicKey?: string | undefined;
}>;

/**
 * The secrets that sign an endpoint's deliveries. In plain text they exist in two places: in the one answer that shows
 * a new secret to its owner, and for a minute in the memory of a process that signs with it. Each is sealed for its
 * owner, its endpoint and its own id, so a row that is copied elsewhere cannot be opened there.
 *
 * The memory does not decide whether a secret may still sign. That is read from the database for every claim.
 */
export class SigningSecrets {
  readonly #box: SecretBox;
  readonly #keys = new Opened<SigningKey>();
  readonly #headers = new Opened<string>();
  readonly #headerLists = new Opened<readonly OwnHeader[]>();

  constructor(box: SecretBox) {
    this.#box = box;
  }

  /**
   * Adds a secret that signs from now on: a generated one, or the owner’s own, which has been checked. Returns the text
   * to show to the owner once: the secret, or the public key of a key pair, whose private key is never shown.
   */
  async create(
    trx: Transaction<Tables>,
    { ownerId, endpointId, own, scheme }: NewSecret,
  ): Promise<{ id: string; secret: string }> {
    const id = mintUuid();
    const secret = own ?? (scheme === 'ED25519' ? generatePrivateKey() : generateSigningSecret());
    const key = readPrivateKey(secret);
    const publicKey = key === undefined ? undefined : publicKeyText(key);
    const sealed = this.#box.seal(secret, sealedSecretPlace({ ownerId, endpointId, id }));
    await trx
      .insertInto('signing_secret')
      .values({ owner_id: ownerId, endpoint_id: endpointId, id, sealed, public_key: publicKey ?? null })
      .execute();
    return { id, secret: publicKey ?? secret };
  }

  /** Seals an endpoint's secrets for another place of the same owner. Returns how many there are. */
  async move(
    trx: Transaction<Tables>,
    { ownerId, from, to }: { ownerId: string; from: string; to: string },
  ): Promise<void> {
    const rows = await trx
      .deleteFrom('signing_secret')
      .where('owner_id', '=', ownerId)
      .where('endpoint_id', '=', from)
      .returning(['id', 'sealed', 'expires_at', 'public_key'])
      .execute();
    for (const { id, sealed, expires_at, public_key } of rows) {
      const secret = this.#box.open(sealed, sealedSecretPlace({ ownerId, endpointId: from, id }));
      await trx
        .insertInto('signing_secret')
        .values({
          owner_id: ownerId,
          endpoint_id: to,
          id,
          sealed: this.#box.seal(secret, sealedSecretPlace({ ownerId, endpointId: to, id })),
          expires_at,
          public_key,
        })
        .execute();
    }
  }

  /** The key of a stored secret, to sign with. */
  open(secret: SealedSecret): SigningKey {
    const place = sealedSecretPlace(secret);
    return this.#keys.recall(place, () => signingKeyOf(this.#box.open(secret.sealed, place)));
  }

  /** Seals a header's value. It can be opened only for this endpoint and this name. */
  sealHeader(place: HeaderPlace, value: string): string {
    return this.#box.seal(value, sealedHeaderPlace(place)).toString('base64');
  }

  openHeader(place: HeaderPlace, sealed: string): string {
    const bound = sealedHeaderPlace(place);
    return this.#headers.recall(`${bound}\n${sealed}`, () =>
      this.#box.open(Buffer.from(sealed, 'base64'), bound),
    );
  }

  /** The headers of an endpoint, opened: the same list for the same stored headers, as long as it is kept. */
  openHeaderList(key: string, open: () => readonly OwnHeader[]): readonly OwnHeader[] {
    return this.#headerLists.recall(key, open);
  }

  /** The keys that sign for the endpoint at this moment, the newest first. */
  async keysInForce(db: Kysely<Tables>, ownerId: string, endpointId: string): Promise<readonly SigningKey[]> {
    const rows = await selectInForce(db, ownerId)
      .select('sealed')
      .where('endpoint_id', '=', endpointId)
      .execute();
    return rows.map(({ id, sealed }) => this.open({ ownerId, endpointId, id, sealed }));
  }
}

/** The secrets that sign now, newest first, of each of the endpoints. */
export async function listSecretsInForce(
  db: Kysely<Tables>,
  ownerId: string,
  endpointIds: readonly string[],
): Promise<ReadonlyMap<string, readonly SecretInfo[]>> {
  const rows = await selectInForce(db, ownerId)
    .where('endpoint_id', '=', sql<string>`any(${[...endpointIds]}::uuid[])`)
    .execute();
  const byEndpoint = new Map<string, SecretInfo[]>(endpointIds.map((id) => [id, []]));
  for (const { endpoint_id, id, expires_at, public_key } of rows) {
    byEndpoint.get(endpoint_id)?.push({
      id,
      createdAt: new Date(timeOfUuid(id)),
      expiresAt: expires_at ?? undefined,
      publicKey: public_key ?? undefined,
    });
  }
  return byEndpoint;
}

function selectInForce(db: Kysely<Tables>, ownerId: string) {
  return db
    .selectFrom('signing_secret')
    .select(['endpoint_id', 'id', 'expires_at', 'public_key'])
    .where('owner_id', '=', ownerId)
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', sql<Date>`clock_timestamp()`)]))
    .orderBy('endpoint_id')
    .orderBy('id', 'desc');
}

/** The key of a secret in plain text. Throws InvalidSigningSecretError. */
export function signingKeyOf(secret: string): SigningKey {
  if (!secret.startsWith(privateKeyPrefix)) return decodeSigningSecret(secret);
  const key = readPrivateKey(secret);
  if (key === undefined) throw new InvalidSigningSecretError();
  return key;
}

/** The place that a sealed secret is bound to. */
export function sealedSecretPlace({ ownerId, endpointId, id }: Omit<SealedSecret, 'sealed'>): string {
  return `${ownerId}/${endpointId}/${id}`;
}
