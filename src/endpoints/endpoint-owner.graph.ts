import type { ObjectRef } from '@pothos/core';
import type { Transaction } from 'kysely';
import type { Database } from '../db/pool.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { loader } from '../graph/loader.ts';
import type { Types } from '../graph/schema-types.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { Tables } from '../tables.ts';
import { findTenants } from '../tenants/tenant.ts';
import { Tenant } from '../tenants/tenants.graph.ts';
import type { Endpoint } from './endpoint.ts';

type OwnerKind = Endpoint['owner_kind'];

type KindOfOwner = Readonly<{
  type: ObjectRef<Types, object>;
  /** The owners with these UUIDs, in any order. */
  find(ids: readonly string[], context: Context): Promise<readonly (object & { id: string })[]>;
  rotation?: Rotation;
  /**
   * Called in the transaction that deletes one of its endpoints, before the deletion. It keeps what must outlive the
   * endpoint.
   */
  keep?(
    trx: Transaction<Tables>,
    secrets: SigningSecrets,
    endpoint: { ownerId: string; id: string },
  ): Promise<void>;
}>;

/** Informs an owner that one of its endpoints gets a new secret. */
type Rotation = Readonly<{
  /** Called in the transaction that rotates, before the endpoint is locked. */
  tell(trx: Transaction<Tables>, rotated: { ownerId: string; overlapSeconds: number }): Promise<void>;
  /** Called after the commit. */
  hint(database: Database, ownerId: string): void;
}>;

const kinds = new Map<OwnerKind, KindOfOwner>();
/** The kind that a record was loaded as, because a row does not tell it. */
const kindOf = new WeakMap<object, OwnerKind>();

/** Makes a type a member of `EndpointOwner`. Call it before the schema is built. */
export function addEndpointOwner(kind: OwnerKind, owner: KindOfOwner): void {
  kinds.set(kind, owner);
}

addEndpointOwner('TENANT', {
  type: Tenant,
  find: (ids, { services }) => findTenants(services.database, ids),
});

export function endpointOwner(kind: OwnerKind): KindOfOwner | undefined {
  return kinds.get(kind);
}

export const EndpointOwner = builder.unionType('EndpointOwner', {
  description: 'The owner of an endpoint.',
  // Read when the schema is built, after every kind has been added.
  types: () => [...kinds.values()].map(({ type }) => type),
  resolveType: (owner) => kinds.get(kindOf.get(owner) ?? 'TENANT')?.type,
});

const ownerOf = loader(async (keys: readonly string[], context) => {
  const owners = await Promise.all(
    [...kinds].map(([kind, { find }]) => findKind(keys, { kind, find, context })),
  );
  const found = new Map(owners.flat());
  return keys.map((key) => found.get(key) ?? new Error('An endpoint’s owner is missing.'));
});

async function findKind(
  keys: readonly string[],
  { kind, find, context }: { kind: OwnerKind; find: KindOfOwner['find']; context: Context },
): Promise<[key: string, owner: object][]> {
  const ids = keys.flatMap((key) => (key.startsWith(`${kind}/`) ? [key.slice(kind.length + 1)] : []));
  if (ids.length === 0) return [];
  const owners = await find(ids, context);
  return owners.map((owner) => {
    kindOf.set(owner, kind);
    return [`${kind}/${owner.id}`, owner];
  });
}

export function loadOwner(
  context: Context,
  endpoint: Pick<Endpoint, 'owner_id' | 'owner_kind'>,
): Promise<object> {
  return ownerOf(context).load(`${endpoint.owner_kind}/${endpoint.owner_id}`);
}
