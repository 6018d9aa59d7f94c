import './overview.css';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { Handshake } from '../endpoints/handshake.tsx';
import { urlProblem } from '../endpoints/url-check.ts';
import { issueOf, type Refusal, useAct } from '../parts/act.ts';
import { Command } from '../parts/command.tsx';
import { Field, Refused } from '../parts/form.tsx';
import { Pending } from '../parts/pending.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import {
  CreateFirstEndpointDocument,
  FirstStepsDocument,
  type FirstStepsQuery,
  PublishFirstEventDocument,
  RegisterFirstTypeDocument,
} from './generated/graphql.ts';

/** The types of these categories exist from the start, but nobody publishes them. */
const ofThePlatform: readonly string[] = ['app', 'endpoint'];
/** The one of another category, in which a tenant may have types of its own. */
const deadLettered = 'delivery.dead_lettered';

/** The first steps, shown if nothing was ever delivered. They disappear once something is. */
export function FirstSteps() {
  const [{ data, error }, ask] = useQuery({ query: FirstStepsDocument });
  const again = () => ask({ requestPolicy: 'network-only' });
  const types =
    data?.eventTypes.filter(
      ({ name, category }) => !ofThePlatform.includes(category) && name !== deadLettered,
    ) ?? [];
  return (
    <div className="overview">
      <title>First steps · Heliograph</title>
      <h1>From nothing to the first delivery</h1>
      <p className="hint">
        Three steps, each here or in a shell. The overview takes this place once something is delivered.
      </p>
      {data === undefined ? (
        <Pending lines={10} error={error} onRetry={again} />
      ) : (
        <ol className="first-steps">
          <RegisterStep types={types} onDone={again} />
          <EndpointStep endpoints={data.endpoints} onDone={again} />
          <PublishStep types={types} />
        </ol>
      )}
    </div>
  );
}

function Step(
  props: Readonly<{
    title: string;
    isDone: boolean;
    done?: ReactNode;
    may: boolean;
    needs: string;
    children: ReactNode;
  }>,
) {
  const { title, isDone, done, may, needs, children } = props;
  return (
    <li className={isDone ? 'is-done' : undefined}>
      <h2>
        {title}
        {isDone && <small> done</small>}
      </h2>
      {isDone ? (
        <div>{done}</div>
      ) : may ? (
        children
      ) : (
        <p>Your credential may not do this: it needs {needs}. Whoever holds that can do it for you.</p>
      )}
    </li>
  );
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

type Types = FirstStepsQuery['eventTypes'];

function RegisterStep({ types, onDone }: Readonly<{ types: Types; onDone: () => void }>) {
  const may = useMay('MANAGE_EVENT_TYPES');
  const { act, isRunning, refusal } = useAct(RegisterFirstTypeDocument);
  const [name, setName] = useState('order.created');
  const [example, setExample] = useState('{"id": "o_1", "total": 42}');
  const input = {
    name,
    description: 'An order was placed.',
    dataType: 'Order',
    example: isJson(example) ? JSON.parse(example) : {},
  };
  const problem = isJson(example) ? undefined : 'This is not JSON yet.';
  return (
    <Step
      title="1. Register an event type"
      isDone={types.length > 0}
      done={
        <p>
          {types.length === 1 ? 'There is' : `There are ${types.length}, among them`}{' '}
          <Link href="/event-types">{types[0]?.name}</Link>.
        </p>
      }
      may={may}
      needs="manage_event_types"
    >
      <Form
        act="Register it"
        isRunning={isRunning}
        refusal={refusal}
        fields={['name', 'example']}
        onSubmit={async () => {
          if (problem === undefined && (await act({ input })) !== undefined) onDone();
        }}
      >
        <Field label="Name" hint="What has happened: order.created" problem={issueOf(refusal, 'name')}>
          {(field) => <input {...field} value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Example payload" problem={problem ?? issueOf(refusal, 'example')}>
          {(field) => (
            <textarea
              {...field}
              rows={3}
              value={example}
              onChange={(event) => setExample(event.target.value)}
            />
          )}
        </Field>
      </Form>
      <Command name="Register a type" document={RegisterFirstTypeDocument} variables={{ input }} />
    </Step>
  );
}

function EndpointStep(props: Readonly<{ endpoints: FirstStepsQuery['endpoints']; onDone: () => void }>) {
  const { endpoints, onDone } = props;
  const may = useMay('MANAGE_WEBHOOKS');
  const { act, isRunning, refusal } = useAct(CreateFirstEndpointDocument);
  const [url, setUrl] = useState('');
  const [secret, setSecret] = useState<string>();
  const [first] = endpoints.nodes;
  const input = { url: url === '' ? 'https://example.com/webhooks' : url.trim(), events: ['*'] };
  return (
    <Step
      title="2. Create an endpoint"
      isDone={first !== undefined}
      done={
        first !== undefined && (
          <>
            <p>
              <Link href={`/endpoints/${first.id}`}>{first.url}</Link> receives {first.events.join(', ')}.
            </p>
            {secret !== undefined && <SecretOnce secret={secret} name="Its signing secret." />}
            {may && (secret !== undefined || first.state.name !== 'ACTIVE') && <Handshake id={first.id} />}
          </>
        )
      }
      may={may}
      needs="manage_webhooks"
    >
      <Form
        act="Create it"
        isRunning={isRunning}
        refusal={refusal}
        fields={['url']}
        onSubmit={async () => {
          const done = await act({ input: { ...input, url: url.trim() } });
          if (done === undefined || !('secret' in done)) return;
          setSecret(done.secret);
          onDone();
        }}
      >
        <Field
          label="URL of your receiver"
          hint="It is asked to send a challenge back before anything is delivered. All types are sent to it."
          problem={urlProblem(url) ?? issueOf(refusal, 'url')}
        >
          {(field) => (
            <input
              {...field}
              type="url"
              required
              value={url}
              placeholder="https://example.com/webhooks"
              autoComplete="off"
              onChange={(event) => setUrl(event.target.value)}
            />
          )}
        </Field>
      </Form>
      <Command name="Create an endpoint" document={CreateFirstEndpointDocument} variables={{ input }} />
    </Step>
  );
}

function PublishStep({ types }: Readonly<{ types: Types }>) {
  const may = useMay('PUBLISH_EVENTS');
  const { act, isRunning, refusal } = useAct(PublishFirstEventDocument);
  const [chosen, setChosen] = useState<string>();
  const [typed, setTyped] = useState<string>();
  const [published, setPublished] = useState<number>();
  const type = types.find(({ name }) => name === chosen) ?? types[0];
  const payloadText = typed ?? JSON.stringify(type?.example ?? { id: 'o_1', total: 42 });
  const problem = isJson(payloadText) ? undefined : 'This is not JSON yet.';
  const payload: unknown = problem === undefined ? JSON.parse(payloadText) : {};
  const variables = { type: type?.name ?? 'order.created', payload };
  return (
    <Step title="3. Publish an event" isDone={false} may={may} needs="publish_events">
      <Form
        act="Publish it"
        isRunning={isRunning}
        refusal={refusal}
        fields={[]}
        onSubmit={async () => {
          if (problem !== undefined || type === undefined) return;
          const done = await act(variables);
          if (done !== undefined && 'events' in done) setPublished(done.events[0]?.deliveryCount ?? 0);
        }}
      >
        <Field label="Event type" problem={type === undefined ? 'Register one first.' : undefined}>
          {(field) => (
            <select {...field} value={type?.name ?? ''} onChange={(event) => setChosen(event.target.value)}>
              {types.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Payload" problem={problem}>
          {(field) => (
            <textarea
              {...field}
              rows={3}
              value={payloadText}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
        {published === 0 && (
          <p role="status">
            It is published, and nobody subscribes to it yet: create an endpoint and publish again.
          </p>
        )}
        {published !== undefined && published > 0 && <p role="status">It is on its way.</p>}
      </Form>
      <Command name="Publish an event" document={PublishFirstEventDocument} variables={variables} />
    </Step>
  );
}

function Form(
  props: Readonly<{
    act: string;
    isRunning: boolean;
    refusal: Refusal | undefined;
    fields: readonly string[];
    onSubmit: () => Promise<void>;
    children: ReactNode;
  }>,
) {
  const { act, isRunning, refusal, fields, onSubmit, children } = props;
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!isRunning) void onSubmit();
  }
  return (
    <form className="form" onSubmit={submit}>
      {children}
      <Refused refusal={refusal} fields={fields} />
      <p className="acts">
        <button type="submit" className="primary" disabled={isRunning}>
          {isRunning ? 'At work…' : act}
        </button>
      </p>
    </form>
  );
}
