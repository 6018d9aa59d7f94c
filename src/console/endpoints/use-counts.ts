import { useMemo } from 'react';
import { useQuery } from 'urql';
import { EndpointCountsDocument } from './generated/graphql.ts';

/** How many deliveries an endpoint has, and how many failed since then that nobody has replayed; as people say it. */
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
