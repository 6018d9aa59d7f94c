import type { Database } from '../db/pool.ts';
import { hashOfUuid } from '../ids.ts';

export const ownerGroups = 16;
const endpointGroups = 4;
export const shards = ownerGroups * endpointGroups;

/**
 * Owners of one group are written together, and never with those of another group, so that a batch never locks
 * another group's log.
 */
export const ownerGroupOf = (ownerId: string): number => hashOfUuid(ownerId, ownerGroups);

/** Where the tables are distributed, what is written together is also in one place. */
export const writeGroupOf = ({ layout }: Pick<Database, 'layout'>, ownerId: string): number =>
  layout.runPlaced === undefined ? ownerGroupOf(ownerId) : layout.placeOf(ownerId);

export const writeGroups = ({ layout }: Pick<Database, 'layout'>): number =>
  layout.runPlaced === undefined ? ownerGroups : layout.places;

/** The worker that leases the shard handles the endpoint, so only one worker does at a time. */
export const shardOf = (ownerId: string, endpointId: string): number =>
  ownerGroupOf(ownerId) * endpointGroups + hashOfUuid(endpointId, endpointGroups);
