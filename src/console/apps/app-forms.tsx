import { type FormEvent, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { issueOf, type Refusal, useAct } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import {
  type AppEventStream,
  type AppPermission,
  InviteMemberDocument,
  type OneAppQuery,
  PublishVersionDocument,
  SetWebhookDocument,
} from './generated/graphql.ts';

type App = NonNullable<OneAppQuery['app']>;
type Props = Readonly<{ app: App; onDone: () => void }>;

const wordsOf = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '');
const plain = (constant: string) => constant.toLowerCase().replaceAll('_', ' ');

const streams: readonly AppEventStream[] = ['INSTALLED_TENANT_EVENTS', 'LIFECYCLE'];

/**
 * The URL that the app's events are sent to, and the selection of events. A change replaces all of it, so what is not
 * asked for here stays as it was.
 */
export function WebhookForm({ app, onDone }: Props) {
  const { act, isRunning, refusal } = useAct(SetWebhookDocument);
  const { webhook } = app;
  const [url, setUrl] = useState<string>(webhook?.endpoint.url ?? '');
  const [description, setDescription] = useState(webhook?.endpoint.description ?? '');
  const [events, setEvents] = useState(webhook?.endpoint.events.join(' ') ?? '*');
  const [chosen, setChosen] = useState<readonly AppEventStream[]>(webhook?.streams ?? streams);
  async function submit() {
    const input = {
      appId: app.id,
      url: url.trim(),
      description: description.trim() === '' ? null : description.trim(),
      isActive: webhook?.endpoint.isActive ?? true,
      events: wordsOf(events),
      streams: [...chosen],
    };
    if ((await act({ input })) !== undefined) onDone();
  }
  return (
    <Form
      act="Set the webhook"
      {...{ isRunning, refusal }}
      fields={['url', 'description', 'events', 'streams']}
      onSubmit={submit}
    >
      <Field
        label="URL"
        hint="Another URL has to pass the handshake before anything is delivered."
        problem={issueOf(refusal, 'url')}
      >
        {(input) => (
          <input {...input} type="url" value={url} onChange={(event) => setUrl(event.target.value)} />
        )}
      </Field>
      <Field
        label="Description"
        hint="For you and your colleagues."
        problem={issueOf(refusal, 'description')}
      >
        {(input) => (
          <input {...input} value={description} onChange={(event) => setDescription(event.target.value)} />
        )}
      </Field>
      <Field
        label="Event types"
        hint="Names, order.* for a category, * for all; with spaces between."
        problem={issueOf(refusal, 'events')}
      >
        {(input) => <input {...input} value={events} onChange={(event) => setEvents(event.target.value)} />}
      </Field>
      <Choice
        title="Streams"
        all={streams}
        chosen={chosen}
        onChange={setChosen}
        problem={issueOf(refusal, 'streams')}
      />
      {webhook != null && (
        <p className="hint">
          Filter, order, rate, headers and mails are settings of{' '}
          <Link href={`/endpoints/${webhook.endpoint.id}`}>its endpoint</Link>, and stay as they are.
        </p>
      )}
    </Form>
  );
}

/** From then on the version decides what is forwarded, for every tenant that has installed the app. */
export function VersionForm({ app, onDone }: Props) {
  const { act, isRunning, refusal } = useAct(PublishVersionDocument);
  const [version, setVersion] = useState('');
  const [categories, setCategories] = useState('');
  const [dataTypes, setDataTypes] = useState('');
  async function submit() {
    const webhookCategories = wordsOf(categories);
    const input = {
      appId: app.id,
      version: version.trim(),
      webhookCategories,
      dataTypes: wordsOf(dataTypes),
    };
    if ((await act({ input })) !== undefined) onDone();
  }
  const fields = ['version', 'webhookCategories', 'dataTypes'];
  return (
    <Form act="Publish it" {...{ isRunning, refusal, fields }} onSubmit={submit}>
      <p>
        From then on it rules what is forwarded, in all installations, in the place of{' '}
        {app.publishedVersion == null ? 'nothing' : <code>{app.publishedVersion.version}</code>}. What is on
        its way stays as it is.
      </p>
      <Field label="Version" hint="1.2.0" problem={issueOf(refusal, 'version')}>
        {(input) => <input {...input} value={version} onChange={(event) => setVersion(event.target.value)} />}
      </Field>
      <Field
        label="Categories that are forwarded"
        hint="order user: with spaces between. Empty: nothing."
        problem={issueOf(refusal, 'webhookCategories')}
      >
        {(input) => (
          <input {...input} value={categories} onChange={(event) => setCategories(event.target.value)} />
        )}
      </Field>
      <Field label="Only with these data types" hint="Empty: any." problem={issueOf(refusal, 'dataTypes')}>
        {(input) => (
          <input {...input} value={dataTypes} onChange={(event) => setDataTypes(event.target.value)} />
        )}
      </Field>
    </Form>
  );
}

const permissions: readonly AppPermission[] = [
  'MANAGE_APP',
  'MANAGE_MEMBERS',
  'MANAGE_WEBHOOK',
  'PUBLISH_VERSIONS',
  'ROTATE_SECRETS',
  'VIEW_DELIVERIES',
];

/** Invites somebody. The invitation is shown once, and mailed if the server has a mail server. */
export function InviteForm({ app, onDone }: Props) {
  const { act, isRunning, refusal } = useAct(InviteMemberDocument);
  const [email, setEmail] = useState('');
  const [chosen, setChosen] = useState<readonly AppPermission[]>(['VIEW_DELIVERIES']);
  const [token, setToken] = useState<string>();
  async function submit() {
    const done = await act({ input: { appId: app.id, email: email.trim(), permissions: [...chosen] } });
    if (done === undefined || !('token' in done)) return;
    setToken(done.token);
    onDone();
  }
  if (token !== undefined) {
    return (
      <>
        <SecretOnce secret={token} name={`The invitation of ${email}.`} />
        <p className="hint">
          Whoever signs in with this address takes it with <code>acceptAppInvitation</code>, within 7 days.
        </p>
      </>
    );
  }
  return (
    <Form act="Invite" {...{ isRunning, refusal }} fields={['email', 'permissions']} onSubmit={submit}>
      <Field label="Email" problem={issueOf(refusal, 'email')}>
        {(input) => (
          <input {...input} type="email" value={email} onChange={(event) => setEmail(event.target.value)} />
        )}
      </Field>
      <Choice
        title="What they may do"
        all={permissions}
        chosen={chosen}
        onChange={setChosen}
        problem={issueOf(refusal, 'permissions')}
      />
    </Form>
  );
}

function Choice<Name extends string>(
  props: Readonly<{
    title: string;
    all: readonly Name[];
    chosen: readonly Name[];
    onChange: (chosen: readonly Name[]) => void;
    problem: string | undefined;
  }>,
) {
  const { title, all, chosen, onChange, problem } = props;
  return (
    <fieldset>
      <legend>{title}</legend>
      {all.map((name) => (
        <label key={name} className="choice">
          <input
            type="checkbox"
            checked={chosen.includes(name)}
            onChange={() => onChange(all.filter((other) => (other === name) !== chosen.includes(other)))}
          />
          {plain(name)}
        </label>
      ))}
      <p className="field-problem" aria-live="polite">
        {problem}
      </p>
    </fieldset>
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
    <form className="form" onSubmit={submit} noValidate>
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
