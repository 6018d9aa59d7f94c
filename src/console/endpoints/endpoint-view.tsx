import '../parts/manage.css';
import { useMemo, useRef } from 'react';
import { useQuery } from 'urql';
import { Link, useParams } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { EndpointStateBadge } from '../parts/endpoint-state.tsx';
import { OutcomeCharts } from '../parts/outcome-charts.tsx';
import { Pending } from '../parts/pending.tsx';
import { percent } from '../parts/percent.ts';
import { Status } from '../parts/status.tsx';
import { Tiles } from '../parts/tiles.tsx';
import { duration, Time } from '../parts/time.tsx';
import { TimeWindows, useTimeWindow } from '../parts/windows.tsx';
import { operatorWords, typedValue } from './condition.ts';
import { EndpointActs } from './endpoint-acts.tsx';
import { OneEndpointDocument, type OneEndpointQuery } from './generated/graphql.ts';
import { Secrets } from './secrets.tsx';

const buckets = 60;

type Endpoint = NonNullable<OneEndpointQuery['endpoint']>;

/** One endpoint: its figures, its deliveries, its secrets, its changes, and its acts. */
export default function EndpointView() {
  const { id = '' } = useParams();
  const span = useTimeWindow();
  const { since } = span;
  const variables = useMemo(() => ({ id, since, buckets }), [id, since]);
  const [{ data: fresh, error }, ask] = useQuery({ query: OneEndpointDocument, variables });
  // While another window is loaded, the earlier figures stay visible.
  const kept = useRef(fresh);
  if (fresh !== undefined) kept.current = fresh;
  const data = fresh ?? (kept.current?.endpoint?.id === id ? kept.current : undefined);
  const mayChange = useMay('MANAGE_WEBHOOKS');
  const again = () => {
    span.moveOn();
    ask({ requestPolicy: 'network-only' });
  };
  if (data === undefined) {
    return (
      <div className="manage">
        <title>Endpoint · Heliograph</title>
        <h1>Endpoint</h1>
        <Pending lines={10} error={error} onRetry={again} />
      </div>
    );
  }
  const { endpoint } = data;
  if (endpoint == null) {
    return (
      <div className="manage">
        <title>No such endpoint · Heliograph</title>
        <h1>No such endpoint</h1>
        <p>
          It was deleted, or is somebody else’s. <Link href="/endpoints">All endpoints</Link>
        </p>
      </div>
    );
  }
  return (
    <div className="manage">
      <title>{`${hostOf(endpoint.url)} · Heliograph`}</title>
      <p className="way">
        <Link href="/endpoints">Endpoints</Link>
      </p>
      <h1 className="url" title={endpoint.url}>
        {endpoint.url}
      </h1>
      {endpoint.description != null && <p className="note">{endpoint.description}</p>}
      <EndpointStateBadge state={endpoint.state} pausedAt={endpoint.pausedAt} long />
      {mayChange && <EndpointActs endpoint={endpoint} onChanged={again} />}
      <Figures endpoint={endpoint} span={span} />
      <div className="columns">
        <Sent endpoint={endpoint} />
        <div>
          <Secrets endpoint={endpoint} mayRotate={mayChange} onChanged={again} />
          <Facts endpoint={endpoint} />
          <Changes endpoint={endpoint} />
        </div>
      </div>
    </div>
  );
}

/** A path or query may contain a secret, which must not stand in a title. */
const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : 'Endpoint');

function Figures({
  endpoint: { id, stats },
  span: { name, words },
}: Readonly<{ endpoint: Endpoint; span: ReturnType<typeof useTimeWindow> }>) {
  const figures = [
    ['Delivered', stats.succeeded.toLocaleString('en')],
    ['Failed', stats.failed.toLocaleString('en')],
    ['Waiting', stats.inFlight.toLocaleString('en')],
    ['Success rate', percent(stats.successRate)],
    ['p50', stats.latencyP50 == null ? '–' : duration(stats.latencyP50)],
    ['p95', stats.latencyP95 == null ? '–' : duration(stats.latencyP95)],
  ] as const;
  return (
    <section aria-labelledby="figures">
      <div className="section-head">
        <h2 id="figures">Last {words}</h2>
        <TimeWindows path={`/endpoints/${id}`} name={name} />
      </div>
      <Tiles figures={figures} />
      <OutcomeCharts stats={stats} />
    </section>
  );
}

function Sent({ endpoint: { id, deliveries } }: Readonly<{ endpoint: Endpoint }>) {
  return (
    <section aria-labelledby="sent">
      <h2 id="sent">Newest deliveries</h2>
      {deliveries.nodes.length === 0 && <p className="hint">Nothing has been sent here yet.</p>}
      {deliveries.nodes.length > 0 && (
        <table className="rows">
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Event type</th>
              <th scope="col">Status</th>
              <th scope="col" className="number">
                Attempts
              </th>
            </tr>
          </thead>
          <tbody>
            {deliveries.nodes.map((delivery) => (
              <tr key={delivery.id}>
                <th scope="row">
                  <Link href={`/deliveries/${delivery.id}`}>
                    <Time at={delivery.createdAt} />
                  </Link>
                </th>
                <td>
                  <code>{delivery.eventType}</code>
                </td>
                <td>
                  <Status status={delivery.status} />
                </td>
                <td className="number" data-label="Attempts">
                  {delivery.attemptCount}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        <Link href={`/deliveries?endpoint=${id}`}>All deliveries to this endpoint</Link>
      </p>
    </section>
  );
}

function Facts({ endpoint }: Readonly<{ endpoint: Endpoint }>) {
  const { events, maxDeliveriesPerSecond, circuit, createdAt, id } = endpoint;
  const { headers, retrySchedule, timeoutMs, stopOn, filter, ordering, signature, alertEmails } = endpoint;
  return (
    <section aria-labelledby="facts">
      <h2 id="facts">Settings</h2>
      <dl className="facts">
        <dt>Receives</dt>
        <dd>
          {events.map((entry) => (
            <code key={entry} className="chip">
              {entry}
            </code>
          ))}
        </dd>
        {filter.length > 0 && (
          <>
            <dt>Only where</dt>
            <dd>
              {filter.map(({ path, op, value }) => (
                <code key={`${path} ${op} ${typedValue(value)}`} className="chip">
                  {path} {operatorWords(op)} {op === 'EXISTS' ? '' : typedValue(value)}
                </code>
              ))}
            </dd>
          </>
        )}
        {ordering === 'STRICT' && (
          <>
            <dt>Order</dt>
            <dd>strict: one at a time, in the order of the events</dd>
          </>
        )}
        <dt>Signature</dt>
        <dd>{signature === 'ED25519' ? 'Ed25519' : 'HMAC-SHA256'}</dd>
        <dt>Most a second</dt>
        <dd>{maxDeliveriesPerSecond ?? 'no limit'}</dd>
        <dt>Circuit</dt>
        <dd>
          {circuit.state === 'CLOSED' ? 'closed' : circuit.state === 'OPEN' ? 'open' : 'half open'}
          {circuit.nextProbeAt != null && (
            <>
              , next try <Time at={circuit.nextProbeAt} />
            </>
          )}
        </dd>
        {headers.length > 0 && (
          <>
            <dt>Headers</dt>
            <dd>
              {headers.map(({ name, value, isSecret, signsBody }) => (
                <code key={name} className="chip">
                  {name}: {signsBody ? 'signs the body' : isSecret ? 'secret' : value}
                </code>
              ))}
            </dd>
          </>
        )}
        {retrySchedule !== null && (
          <>
            <dt>Delays</dt>
            <dd>{retrySchedule.map((seconds) => `${seconds} s`).join(', ')}</dd>
          </>
        )}
        {timeoutMs !== null && (
          <>
            <dt>Timeout</dt>
            <dd>{timeoutMs / 1_000} s</dd>
          </>
        )}
        {stopOn.length > 0 && (
          <>
            <dt>Ends at once on</dt>
            <dd>{stopOn.join(', ')}</dd>
          </>
        )}
        {alertEmails.length > 0 && (
          <>
            <dt>Mails to</dt>
            <dd>{alertEmails.join(', ')}</dd>
          </>
        )}
        {endpoint.sendTraceparent && (
          <>
            <dt>Trace</dt>
            <dd>is handed on in the header traceparent</dd>
          </>
        )}
        <dt>Made</dt>
        <dd>
          <Time at={createdAt} />
        </dd>
        <dt>Id</dt>
        <dd>
          <code>{id}</code>
        </dd>
      </dl>
    </section>
  );
}

function Changes({ endpoint: { auditLog } }: Readonly<{ endpoint: Endpoint }>) {
  return (
    <section aria-labelledby="changes">
      <h2 id="changes">What was changed</h2>
      <ul className="changes">
        {auditLog.nodes.map(({ id, action, actor, occurredAt }) => (
          <li key={id}>
            <code>{action}</code> by {actor.label}, <Time at={occurredAt} />
          </li>
        ))}
      </ul>
    </section>
  );
}
