import { plainLayout } from '../db/layout.ts';
import { hashOfUuid } from '../ids.ts';

export const ownerGroups = plainLayout.writeGroups;
const endpointGroups = 4;
export const shards = ownerGroups * endpointGroups;

/**
 * The owners' groups by which work is shared out. On plain PostgreSQL they are also what is written together, and never
 * with another group, so that a batch never locks another group's log.
 */
export const ownerGroupOf = plainLayout.writeGroupOf;

/** The worker that leases the shard handles the endpoint, so only one worker does at a time. */
export const shardOf = (ownerId: string, endpointId: string): number =>
  ownerGroupOf(ownerId) * endpointGroups + hashOfUuid(endpointId, endpointGroups);
