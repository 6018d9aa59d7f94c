import { useMemo } from 'react';
import { useQuery } from 'urql';
import { CountThemDocument, type DeliveryFilter } from './generated/graphql.ts';

const none: DeliveryFilter = { id: [] };

/** How many match, and in words; undefined while they are counted. Without a filter there are none. */
export function useCount(filter: DeliveryFilter | undefined) {
  const variables = useMemo(() => ({ filter: filter ?? none }), [filter]);
  const [{ data, fetching }] = useQuery({
    query: CountThemDocument,
    variables,
    requestPolicy: 'network-only',
  });
  if (data === undefined || fetching) return undefined;
  const { count, isCapped } = data.deliveryCount;
  return { count, words: `${isCapped ? 'more than ' : ''}${count.toLocaleString('en')}` };
}
