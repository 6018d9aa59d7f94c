import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useAct } from '../parts/act.ts';
import { Fact } from '../parts/facts.tsx';
import { Refused } from '../parts/form.tsx';
import { Payload } from '../parts/payload.tsx';
import { Pending } from '../parts/pending.tsx';
import { Problem } from '../parts/problem.tsx';
import { Status, wordsOf } from '../parts/status.tsx';
import { Countdown, Time } from '../parts/time.tsx';
import { Attempts } from './attempts.tsx';
import { ByHand } from './by-hand.tsx';
import {
  CancelOneDocument,
  type DeliveryDetailsFragment,
  OneDeliveryDocument,
  ReplayOneDocument,
} from './generated/graphql.ts';
import { History } from './history.tsx';

const lookAgainMs = 2_000;

/** One delivery: the event, each attempt with its result, and what can be done about it. */
export function DeliveryFacts({ id }: Readonly<{ id: string }>) {
  const [{ data, error }, reload] = useQuery({ query: OneDeliveryDocument, variables: { id } });
  const again = () => reload({ requestPolicy: 'network-only' });
  const isUnderWay = data?.delivery != null && data.delivery.completedAt === null;
  // An unfinished delivery is read again until it has ended.
  useEffect(() => {
    if (!isUnderWay) return;
    const timer = setInterval(() => reload({ requestPolicy: 'network-only' }), lookAgainMs);
    return () => clearInterval(timer);
  }, [isUnderWay, reload]);
  if (data === undefined) return <Pending lines={8} error={error} onRetry={again} />;
  const { delivery } = data;
  if (delivery === null) {
    return <Problem error="There is no such delivery here: it was purged, or its id is another owner’s." />;
  }
  return (
    <>
      <Acts delivery={delivery} onDone={again} />
      <dl className="facts">
        <Fact name="Status">
          <Status status={delivery.status} />
          {delivery.failureReason !== null && <small> {wordsOf(delivery.failureReason).toLowerCase()}</small>}
        </Fact>
        <Fact name="Delivery">
          <code>{delivery.id}</code>
        </Fact>
        <Fact name="Event">
          {delivery.event === null ? (
            'past retention'
          ) : (
            <Link href={`/events/${delivery.event.id}`}>
              <code>{delivery.event.id}</code>
            </Link>
          )}
        </Fact>
        <Fact name="Event type">
          <Link href={`/event-types/${delivery.eventType}`}>{delivery.eventType}</Link>
        </Fact>
        <Fact name="Endpoint">
          <Link href={`/endpoints/${delivery.endpoint.id}`}>{delivery.endpoint.url}</Link>
        </Fact>
        <Fact name="Created">
          <Time at={delivery.createdAt} />
        </Fact>
        <Fact name="Attempts">
          {delivery.attemptCount} of {delivery.maxAttempts}
        </Fact>
        {delivery.nextAttemptAt !== null && (
          <Fact name="Next attempt">
            <Countdown to={delivery.nextAttemptAt} />
          </Fact>
        )}
        {delivery.blockedBy !== null && (
          <Fact name="Waits for">
            <Link href={`/deliveries/${delivery.blockedBy.id}`}>{delivery.blockedBy.id}</Link>
            <small> the endpoint is sent one at a time, in order</small>
          </Fact>
        )}
        {delivery.replayOf !== null && (
          <Fact name="Replays">
            <Link href={`/deliveries/${delivery.replayOf.id}`}>{delivery.replayOf.id}</Link>
          </Fact>
        )}
        {delivery.replays.nodes.length > 0 && (
          <Fact name="Replayed as">
            <ul className="plain-list">
              {delivery.replays.nodes.map(({ id: replayId, status }) => (
                <li key={replayId}>
                  <Link href={`/deliveries/${replayId}`}>{replayId}</Link> <Status status={status} />
                </li>
              ))}
            </ul>
          </Fact>
        )}
      </dl>
      <History changes={delivery.history} />
      <Attempts attempts={delivery.attempts} />
      {delivery.event !== null && (
        <>
          <Payload id={delivery.event.id} text={delivery.event.payloadText} body={delivery.event.bodyText} />
          <ByHand
            url={delivery.endpoint.url}
            eventId={delivery.event.id}
            body={delivery.event.bodyText}
            headerPrefix={delivery.endpoint.headerPrefix}
            publicKey={delivery.endpoint.publicKey}
          />
        </>
      )}
    </>
  );
}

function Acts({ delivery, onDone }: Readonly<{ delivery: DeliveryDetailsFragment; onDone: () => void }>) {
  const replay = useAct(ReplayOneDocument);
  const cancel = useAct(CancelOneDocument);
  const [replayed, setReplayed] = useState<string>();
  const { id, status, kind } = delivery;
  const hasFailed = (status === 'FAILED' || status === 'DEAD_LETTER') && kind !== 'TEST';
  const isQueued = status === 'PENDING' || status === 'RETRYING';

  async function send() {
    cancel.clear();
    const done = await replay.act({ input: { id } });
    if (done !== undefined && 'delivery' in done) setReplayed(done.delivery.id);
    onDone();
  }
  async function end() {
    replay.clear();
    await cancel.act({ input: { id } });
    onDone();
  }

  return (
    <>
      <p className="acts">
        {hasFailed && (
          <button
            type="button"
            className="primary"
            disabled={replay.isRunning || replayed !== undefined}
            onClick={() => void send()}
          >
            Replay
          </button>
        )}
        {isQueued && (
          <button type="button" disabled={cancel.isRunning} onClick={() => void end()}>
            Cancel the delivery
          </button>
        )}
      </p>
      <Refused refusal={replay.refusal ?? cancel.refusal} />
      {replayed !== undefined && (
        <p role="status" className="notice">
          It is sent once more, as <Link href={`/deliveries/${replayed}`}>{replayed}</Link>.
        </p>
      )}
    </>
  );
}
