import { useQuery } from 'urql';
import { Link, useParams } from 'wouter';
import { Copy } from '../parts/copy.tsx';
import { Fact } from '../parts/facts.tsx';
import { Payload } from '../parts/payload.tsx';
import { Pending } from '../parts/pending.tsx';
import { Status, wordsOf } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import { OneEventDocument, type OneEventQuery } from './generated/graphql.ts';

type Event = NonNullable<OneEventQuery['event']>;

/** One event: what happened, and to whom it was sent. */
export default function EventView() {
  const { id = '' } = useParams();
  const [{ data, error }, ask] = useQuery({ query: OneEventDocument, variables: { id } });
  const event = data?.event;
  return (
    <div className="manage">
      <title>{`Event ${id} · Heliograph`}</title>
      <p className="way">
        <Link href="/deliveries">Deliveries</Link>
      </p>
      <h1>{event === null ? 'No such event' : 'Event'}</h1>
      {data === undefined && (
        <Pending lines={8} error={error} onRetry={() => ask({ requestPolicy: 'network-only' })} />
      )}
      {event === null && (
        <p>
          It is past retention, or another owner’s. <Link href="/deliveries">All deliveries</Link>
        </p>
      )}
      {event != null && <Facts event={event} />}
    </div>
  );
}

function Facts({ event }: Readonly<{ event: Event }>) {
  return (
    <>
      <dl className="facts">
        <Fact name="Id">
          <code>{event.id}</code> <Copy text={event.id} name="Copy the id" />
        </Fact>
        <Fact name="Event type">
          <Link href={`/event-types/${event.type}`}>{event.type}</Link>
        </Fact>
        <Fact name="Happened">
          <Time at={event.occurredAt} />
        </Fact>
        <Fact name="Published">
          <Time at={event.createdAt} />
        </Fact>
        {event.idempotencyKey !== null && (
          <Fact name="Idempotency key">
            <code>{event.idempotencyKey}</code>
          </Fact>
        )}
      </dl>
      <Deliveries event={event} />
      <Payload id={event.id} text={event.payloadText} body={event.bodyText} />
    </>
  );
}

function Deliveries({ event: { id, deliveries } }: Readonly<{ event: Event }>) {
  return (
    <section aria-labelledby="sent">
      <h2 id="sent">Deliveries</h2>
      {deliveries.nodes.length === 0 && <p className="hint">Nobody subscribed to it, or they were purged.</p>}
      {deliveries.nodes.length > 0 && (
        <table className="rows">
          <caption className="hidden">Deliveries of this event, newest first</caption>
          <thead>
            <tr>
              <th scope="col">Endpoint</th>
              <th scope="col">Status</th>
              <th scope="col">Attempts</th>
              <th scope="col">Made</th>
            </tr>
          </thead>
          <tbody>
            {deliveries.nodes.map((delivery) => (
              <tr key={delivery.id}>
                <th scope="row">
                  <Link href={`/deliveries/${delivery.id}`}>{delivery.endpoint.url}</Link>
                  {delivery.kind !== 'EVENT' && <span className="note">{wordsOf(delivery.kind)}</span>}
                </th>
                <td>
                  <Status status={delivery.status} />
                </td>
                <td data-label="Attempts">
                  {delivery.attemptCount} of {delivery.maxAttempts}
                </td>
                <td data-label="Made">
                  <Time at={delivery.createdAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        <Link href={`/deliveries?event=${id}`}>
          {deliveries.pageInfo.hasNextPage ? 'All of them, live' : 'Follow them live'}
        </Link>
      </p>
    </section>
  );
}
