import { type ReactNode, useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useAct } from '../parts/act.ts';
import { Copy } from '../parts/copy.tsx';
import { Refused } from '../parts/form.tsx';
import { Pending } from '../parts/pending.tsx';
import { Problem } from '../parts/problem.tsx';
import { Status, wordsOf } from '../parts/status.tsx';
import { duration, Time } from '../parts/time.tsx';
import {
  CancelOneDocument,
  type DeliveryDetailsFragment,
  OneDeliveryDocument,
  ReplayOneDocument,
} from './generated/graphql.ts';

const lookAgainMs = 2_000;

/** One delivery: what was sent, what each attempt came to, and what can be done about it. */
export function DeliveryFacts({ id }: Readonly<{ id: string }>) {
  const [{ data, error }, reload] = useQuery({ query: OneDeliveryDocument, variables: { id } });
  const again = () => reload({ requestPolicy: 'network-only' });
  const isUnderWay = data?.delivery != null && data.delivery.completedAt === null;
  // What is under way is looked at again until it has ended.
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
          {delivery.event === null ? 'past retention' : <code>{delivery.event.id}</code>}
        </Fact>
        <Fact name="Event type">{delivery.eventType}</Fact>
        <Fact name="Endpoint">{delivery.endpoint.url}</Fact>
        <Fact name="Created">
          <Time at={delivery.createdAt} />
        </Fact>
        <Fact name="Attempts">
          {delivery.attemptCount} of {delivery.maxAttempts}
        </Fact>
        {delivery.nextAttemptAt !== null && (
          <Fact name="Next attempt">
            <Time at={delivery.nextAttemptAt} />
          </Fact>
        )}
      </dl>
      {delivery.event !== null && (
        <section aria-label="Payload">
          <h3>Payload</h3>
          <Text name="The payload" text={delivery.event.payloadText} />
          <Copy text={delivery.event.payloadText} name="Copy the payload" />
        </section>
      )}
      {delivery.attempts.map((attempt) => (
        <Attempt key={attempt.id} attempt={attempt} />
      ))}
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

function Attempt({ attempt }: Readonly<{ attempt: DeliveryDetailsFragment['attempts'][number] }>) {
  const title = `Attempt ${attempt.number}`;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <dl className="facts">
        <Fact name="Began">
          <Time at={attempt.startedAt} />
        </Fact>
        <Fact name="Outcome">
          {wordsOf(attempt.outcome)}
          {attempt.responseStatus !== null && ` (${attempt.responseStatus})`}
        </Fact>
        {attempt.error !== null && <Fact name="What went wrong">{attempt.error}</Fact>}
        {attempt.durationMs !== null && <Fact name="Took">{duration(attempt.durationMs)}</Fact>}
      </dl>
      {attempt.requestHeaders !== null && (
        <Text name={`${title}: request headers`} text={linesOf(attempt.requestHeaders)} />
      )}
      {attempt.responseHeaders !== null && (
        <Text name={`${title}: response headers`} text={linesOf(attempt.responseHeaders)} />
      )}
      {attempt.responseBody !== null && attempt.responseBody !== '' && (
        <Text name={`${title}: response body`} text={attempt.responseBody} />
      )}
    </section>
  );
}

const linesOf = (headers: readonly Readonly<{ name: string; value: string }>[]) =>
  headers.map(({ name, value }) => `${name}: ${value}`).join('\n');

/** What tenants and receivers chose is text, and nothing else. */
function Text({ name, text }: Readonly<{ name: string; text: string }>) {
  return (
    <pre className="code" tabIndex={0} role="region" aria-label={name}>
      {text}
    </pre>
  );
}

function Fact({ name, children }: Readonly<{ name: string; children: ReactNode }>) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
