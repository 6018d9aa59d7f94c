import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useAct } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { EndpointCatalogueDocument, TestEndpointDocument } from './generated/graphql.ts';

/** Sends the example of a type to the endpoint, whatever it subscribes to, and links to the delivery. */
export function SendTest({ id }: Readonly<{ id: string }>) {
  const [{ data }] = useQuery({ query: EndpointCatalogueDocument });
  const { act, isRunning, refusal } = useAct(TestEndpointDocument);
  const [eventType, setEventType] = useState('');
  const [sent, setSent] = useState<string>();
  async function send() {
    const done = await act({ id, eventType: eventType === '' ? null : eventType });
    if (done !== undefined && 'delivery' in done) setSent(done.delivery.id);
  }
  return (
    <div className="send-test">
      <Field label="Event type" hint="Its example is sent.">
        {(input) => (
          <select {...input} value={eventType} onChange={(event) => setEventType(event.target.value)}>
            <option value="">The first that it subscribes to</option>
            {data?.eventTypes.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </Field>
      <p className="acts">
        <button type="button" disabled={isRunning} onClick={() => void send()}>
          {isRunning ? 'Sending…' : 'Send a test event'}
        </button>
      </p>
      {sent !== undefined && (
        <p role="status">
          Sent. <Link href={`/deliveries/${sent}`}>See its delivery</Link>
        </p>
      )}
      <Refused refusal={refusal} />
    </div>
  );
}
