import { hashOfUuid } from '../ids.ts';

export const ownerGroups = 16;
const endpointGroups = 4;
export const shards = ownerGroups * endpointGroups;

/** Owners of one group are written together, never with another group's: one batch never holds another's log. */
export const ownerGroupOf = (ownerId: string): number => hashOfUuid(ownerId, ownerGroups);

/** Whoever leases the shard looks after the endpoint: one worker at a time. */
export const shardOf = (ownerId: string, endpointId: string): number =>
  ownerGroupOf(ownerId) * endpointGroups + hashOfUuid(endpointId, endpointGroups);
