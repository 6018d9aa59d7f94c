import '../parts/manage.css';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link, useParams } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { issueOf, useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Copy } from '../parts/copy.tsx';
import { EndpointStateBadge } from '../parts/endpoint-state.tsx';
import { Field } from '../parts/form.tsx';
import { Pending } from '../parts/pending.tsx';
import { Time } from '../parts/time.tsx';
import { DeprecateTypeDocument, OneEventTypeDocument, type OneEventTypeQuery } from './generated/graphql.ts';
import { PublishOne } from './publish-one.tsx';
import { SchemaTree } from './schema-tree.tsx';

type Type = NonNullable<OneEventTypeQuery['eventType']>;

/**
 * One event type: its meaning, the schema of its payload, an example, and the tenant's endpoints that subscribe to
 * it.
 */
export default function EventTypeView() {
  const { name = '' } = useParams();
  const [{ data, error }, ask] = useQuery({ query: OneEventTypeDocument, variables: { name } });
  const again = () => ask({ requestPolicy: 'network-only' });
  const type = data?.eventType;
  if (data === undefined || type == null) {
    return (
      <div className="manage">
        <title>{`${name} · Heliograph`}</title>
        <h1>{name}</h1>
        {data !== undefined && <p>There is no event type of this name.</p>}
        {data === undefined && <Pending lines={8} error={error} onRetry={again} />}
      </div>
    );
  }
  const example = JSON.stringify(type.example, null, 2);
  return (
    <div className="manage">
      <title>{`${name} · Heliograph`}</title>
      <p className="way">
        <Link href="/event-types">Event types</Link>
      </p>
      <h1>{type.name}</h1>
      <p>{type.description}</p>
      {type.deprecatedAt != null && (
        <p className="problem">
          Deprecated <Time at={type.deprecatedAt} />: {type.deprecationReason}
        </p>
      )}
      <dl className="facts">
        <dt>Data</dt>
        <dd>{type.dataType}</dd>
        <dt>Category</dt>
        <dd>
          <code>{type.category}.*</code>
        </dd>
        <dt>Registered</dt>
        <dd>
          <Time at={type.createdAt} />
        </dd>
      </dl>
      <div className="columns">
        <section aria-labelledby="shape">
          <h2 id="shape">Shape of the payload</h2>
          {type.schema == null ? (
            <p className="hint">Any payload is taken.</p>
          ) : (
            <SchemaTree schema={type.schema} />
          )}
        </section>
        <section aria-labelledby="example">
          <h2 id="example">Example</h2>
          <pre className="code wrapped">{example}</pre>
          <Copy text={example} name="Copy the example" />
        </section>
      </div>
      <Subscribed type={type} />
      {!type.isLifecycle && <PublishOne key={type.name} name={type.name} example={example} />}
      <Deprecate type={type} onDone={again} />
    </div>
  );
}

function Subscribed({ type: { subscribedEndpoints } }: Readonly<{ type: Type }>) {
  if (subscribedEndpoints == null) return null;
  const { totalCount, nodes } = subscribedEndpoints;
  return (
    <section aria-labelledby="subscribed">
      <h2 id="subscribed">Who subscribed</h2>
      {totalCount === 0 && <p className="hint">None of your endpoints.</p>}
      <ul className="changes">
        {nodes.map(({ id, url, state, pausedAt }) => (
          <li key={id}>
            <Link href={`/endpoints/${id}`}>{url}</Link>{' '}
            <EndpointStateBadge state={state} pausedAt={pausedAt} />
          </li>
        ))}
      </ul>
      {totalCount > nodes.length && <p className="hint">And {totalCount - nodes.length} more.</p>}
    </section>
  );
}

function Deprecate({ type, onDone }: Readonly<{ type: Type; onDone: () => void }>) {
  const { act, isRunning, refusal, clear } = useAct(DeprecateTypeDocument);
  const [isAsking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const may = useMay('MANAGE_EVENT_TYPES');
  if (!may || type.isLifecycle) return null;
  return (
    <>
      <p className="acts">
        <button type="button" className="danger-quiet" onClick={() => setAsking(true)}>
          {type.deprecatedAt == null ? 'Deprecate' : 'Change the reason'}
        </button>
      </p>
      <Confirm
        title={`Deprecate ${type.name}`}
        act="Deprecate it"
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
          clear();
        }}
        isRunning={isRunning}
        refusal={refusal}
        isReady={reason.trim() !== ''}
        typed={type.name}
        onConfirm={async () => {
          if ((await act({ name: type.name, reason })) === undefined) return;
          setAsking(false);
          onDone();
        }}
      >
        <p>
          Every tenant sees that {type.name} should not be built upon. It can still be published and
          subscribed to. This cannot be taken back.
        </p>
        <Field label="Why, and what to use instead" problem={issueOf(refusal, 'reason')}>
          {(input) => <input {...input} value={reason} onChange={(event) => setReason(event.target.value)} />}
        </Field>
      </Confirm>
    </>
  );
}
