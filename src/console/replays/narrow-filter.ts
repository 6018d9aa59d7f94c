import type { DeliveryFilter, DeliveryStatus } from './generated/graphql.ts';

const failed: readonly DeliveryStatus[] = ['FAILED', 'DEAD_LETTER'];
const waiting: readonly DeliveryStatus[] = ['PENDING', 'DELIVERING', 'RETRYING'];

/**
 * What of a filter can be replayed, or cancelled. It ends at a moment, so that what is counted is what will be done,
 * whatever is published meanwhile. Undefined where the filter leaves nothing of it.
 */
const narrowed = (filter: DeliveryFilter, statuses: readonly DeliveryStatus[], until: string) => {
  const status = statuses.filter((one) => filter.status?.includes(one) ?? true);
  if (status.length === 0) return undefined;
  const { createdBefore } = filter;
  const isEarlier = createdBefore != null && Date.parse(createdBefore) < Date.parse(until);
  return { ...filter, status, createdBefore: isEarlier ? createdBefore : until };
};

export const replayable = (filter: DeliveryFilter, until: string): DeliveryFilter | undefined => {
  const found = narrowed(filter, failed, until);
  return found === undefined
    ? undefined
    : { ...found, isReplayed: false, kind: filter.kind ?? ['EVENT', 'REPLAY'] };
};

export const cancellable = (filter: DeliveryFilter, until: string): DeliveryFilter | undefined =>
  narrowed(filter, waiting, until);
