import '../parts/manage.css';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { EndpointStateBadge } from '../parts/endpoint-state.tsx';
import { Pages, useAsked } from '../parts/pages.tsx';
import { Pending } from '../parts/pending.tsx';
import { percent } from '../parts/percent.ts';
import { Sparkline } from '../parts/sparkline.tsx';
import { ViewHead } from '../parts/view-head.tsx';
import { EndpointsPageDocument, type EndpointsPageQuery } from './generated/graphql.ts';

type Endpoint = EndpointsPageQuery['endpoints']['nodes'][number];

/** The endpoints, with the state of each. */
export default function EndpointsView() {
  const after = useAsked('after');
  const isFailingFirst = useAsked('sort') === 'failing';
  const [{ data, error }, ask] = useQuery({
    query: EndpointsPageDocument,
    variables: {
      first: 50,
      after: after ?? null,
      orderBy: isFailingFirst ? 'FAILING_FIRST' : 'NEWEST_FIRST',
    },
  });
  const mayChange = useMay('MANAGE_WEBHOOKS');
  const page = data?.endpoints;
  return (
    <div className="manage">
      <ViewHead title="Endpoints" count={page?.totalCount}>
        {mayChange && (
          <Link href="/endpoints/new" className="button primary">
            New endpoint
          </Link>
        )}
      </ViewHead>
      {page === undefined && (
        <Pending lines={6} error={error} onRetry={() => ask({ requestPolicy: 'network-only' })} />
      )}
      {page?.totalCount === 0 && (
        <div className="empty">
          <p>There are no endpoints yet. An endpoint is a URL of yours that events are sent to.</p>
          {mayChange && <Link href="/endpoints/new">Make the first one</Link>}
        </div>
      )}
      {page !== undefined && page.totalCount > 0 && (
        <>
          <p className="order">
            {isFailingFirst ? (
              <Link href="/endpoints">Newest first</Link>
            ) : (
              <Link href="/endpoints?sort=failing">Failing first</Link>
            )}
          </p>
          <table className="rows">
            <caption className="hidden">
              {isFailingFirst ? 'Endpoints, failing first' : 'Endpoints, newest first'}
            </caption>
            <thead>
              <tr>
                <th scope="col">URL</th>
                <th scope="col">State</th>
                <th scope="col">Receives</th>
                <th scope="col" className="number">
                  Success, 24 h
                </th>
                <th scope="col">Last 24 h</th>
              </tr>
            </thead>
            <tbody>
              {page.nodes.map((endpoint) => (
                <Row key={endpoint.id} endpoint={endpoint} />
              ))}
            </tbody>
          </table>
          <Pages name="endpoints" {...page.pageInfo} />
        </>
      )}
    </div>
  );
}

function Row({ endpoint }: Readonly<{ endpoint: Endpoint }>) {
  const { id, url, description, state, pausedAt, events, stats } = endpoint;
  const [first = '', ...others] = events;
  return (
    <tr>
      <th scope="row">
        <Link href={`/endpoints/${id}`} title={url}>
          {url}
        </Link>
        {description != null && description !== '' && <span className="note">{description}</span>}
      </th>
      <td>
        <EndpointStateBadge state={state} pausedAt={pausedAt} />
      </td>
      <td data-label="Receives" title={events.join(', ')}>
        <code>{first}</code>
        {others.length > 0 && <span className="note">and {others.length} more</span>}
      </td>
      <td className="number" data-label="Success, 24 h">
        {percent(stats.successRate)}
      </td>
      <td>
        <Sparkline buckets={stats.timeline} of="Last 24 hours" />
      </td>
    </tr>
  );
}
