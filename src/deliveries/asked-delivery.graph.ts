import { askedOwners } from '../endpoints/asked-owner.ts';
import { changeEndpoints } from '../endpoints/endpoint.graph.ts';
import { NotFoundError } from '../errors.ts';
import type { Context } from '../graph/context.ts';
import { findAmong } from '../graph/find-among.ts';
import { decodeId } from '../ids.ts';
import { findDelivery } from './find-delivery.ts';

/** The delivery that a mutation is about, with its owner. Throws a NotFoundError. */
export async function askedDelivery(
  context: Context,
  globalId: string,
): Promise<{ ownerId: string; id: string }> {
  const owners = await askedOwners(context, changeEndpoints);
  const id = decodeId('Delivery', globalId);
  if (id === undefined) throw new NotFoundError(globalId);
  const db = context.services.database.query;
  const found = await findAmong(owners, (ownerId) => findDelivery(db, ownerId, id));
  if (found === undefined) throw new NotFoundError(globalId);
  return { ownerId: found.owner_id, id };
}
