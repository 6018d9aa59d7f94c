import { useMemo } from 'react';
import { useQuery } from 'urql';
import { EndpointCountsDocument } from './generated/graphql.ts';

/**
 * The number of an endpoint's deliveries, and of those that failed since a given time and were not replayed, as text.
 */
export function useCounts(id: string, since: string | undefined) {
  const variables = useMemo(() => ({ endpoint: [id], since: since ?? null }), [id, since]);
  const [{ data, fetching }] = useQuery({
    query: EndpointCountsDocument,
    variables,
    requestPolicy: 'network-only',
  });
  const words = (counted: { count: number; isCapped: boolean } | undefined) =>
    counted === undefined || fetching
      ? undefined
      : `${counted.isCapped ? 'more than ' : ''}${counted.count.toLocaleString('en')}`;
  return { all: words(data?.all), failed: words(data?.failed) };
}
