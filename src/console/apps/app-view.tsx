import '../parts/manage.css';
import { useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { Link, useParams } from 'wouter';
import { useAct } from '../parts/act.ts';
import { Chart } from '../parts/chart.tsx';
import { Confirm } from '../parts/confirm.tsx';
import { Copy } from '../parts/copy.tsx';
import { EndpointStateBadge } from '../parts/endpoint-state.tsx';
import { Field, Refused } from '../parts/form.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Pending } from '../parts/pending.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { Tiles } from '../parts/tiles.tsx';
import { Time } from '../parts/time.tsx';
import { Window } from '../parts/window.tsx';
import { InviteForm, VersionForm, WebhookForm } from './app-forms.tsx';
import {
  MakeInstallLinkDocument,
  OneAppDocument,
  type OneAppQuery,
  RemoveMemberDocument,
  RotateClientSecretDocument,
} from './generated/graphql.ts';

type App = NonNullable<OneAppQuery['app']>;

/** One app, as far as the credential may see it. The rest is left out. */
export default function AppView() {
  const { id = '' } = useParams();
  const [{ data, error }, ask] = useQuery({ query: OneAppDocument, variables: { id } });
  const again = () => ask({ requestPolicy: 'network-only' });
  const app = data?.app;
  if (data === undefined || app == null) {
    return (
      <div className="manage">
        <title>App · Heliograph</title>
        <h1>App</h1>
        {data !== undefined && (
          <p>
            There is no such app, or it is somebody else’s. <Link href="/apps">All apps</Link>
          </p>
        )}
        {data === undefined && <Pending lines={10} error={error} onRetry={again} />}
      </div>
    );
  }
  return (
    <div className="manage">
      <title>{`${app.name} · Heliograph`}</title>
      <p className="way">
        <Link href="/apps">Apps</Link>
      </p>
      <h1>{app.name}</h1>
      <p className="note">{app.source}</p>
      <Analytics app={app} />
      <div className="columns">
        <div>
          <Versions app={app} onChanged={again} />
          <Installations app={app} />
          <InstallLink id={app.id} />
        </div>
        <div>
          <Webhook app={app} onChanged={again} />
          <Credentials app={app} onChanged={again} />
          <Members app={app} onChanged={again} />
        </div>
      </div>
    </div>
  );
}

function Analytics({ app: { webhookAnalytics: analytics } }: Readonly<{ app: App }>) {
  if (analytics == null) return null;
  const figures = [
    ['Installed by', analytics.installedTenants.toLocaleString('en')],
    ['Subscribed', analytics.subscribedTenants.toLocaleString('en')],
    ['Deliveries', analytics.recentDeliveries.toLocaleString('en')],
    ['Failed', analytics.recentFailures.toLocaleString('en')],
  ] as const;
  return (
    <section aria-labelledby="analytics">
      <h2 id="analytics">Last 24 hours</h2>
      <Tiles figures={figures} />
      {analytics.recentDeliveries > 0 && (
        <Chart
          title="Deliveries by outcome"
          as="bars"
          starts={analytics.timeline.map(({ start }) => start)}
          series={[
            { name: 'Delivered', kind: 'good', values: analytics.timeline.map(({ succeeded }) => succeeded) },
            { name: 'Failed', kind: 'bad', values: analytics.timeline.map(({ failed }) => failed) },
          ]}
          show={(n) => n.toLocaleString('en')}
        />
      )}
      {analytics.failuresByTenant.length > 0 && (
        <p>
          Most failures:{' '}
          {analytics.failuresByTenant.map(({ tenant, failed }) => `${tenant.name} ${failed}`).join(', ')}
        </p>
      )}
    </section>
  );
}

type Section = Readonly<{ app: App; onChanged: () => void }>;

function Versions({ app, onChanged }: Section) {
  const { versions } = app;
  const [isOpen, setOpen] = useState(false);
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      {versions.nodes.length === 0 && <p className="hint">Nothing has been published yet.</p>}
      <ul className="changes">
        {versions.nodes.map(({ id, version, status, webhookCategories, createdAt }) => (
          <li key={id}>
            <code>{version}</code> {status.toLowerCase()}, <Time at={createdAt} />
            {webhookCategories.length > 0 && `: ${webhookCategories.join(', ')}`}
          </li>
        ))}
      </ul>
      <p className="acts">
        <button type="button" onClick={() => setOpen(true)}>
          Publish a version
        </button>
      </p>
      <Window title="Publish a version" isOpen={isOpen} onOpenChange={setOpen}>
        <VersionForm
          app={app}
          onDone={() => {
            setOpen(false);
            onChanged();
          }}
        />
      </Window>
    </section>
  );
}

function Installations({ app: { installations } }: Readonly<{ app: App }>) {
  if (installations == null) return null;
  return (
    <section aria-labelledby="installations">
      <h2 id="installations">Installations ({installations.totalCount.toLocaleString('en')})</h2>
      <ul className="changes">
        {installations.nodes.map(({ id, tenant, installedAt, revokedAt }) => (
          <li key={id}>
            {tenant.name}: {revokedAt == null ? 'since' : 'uninstalled'}{' '}
            <Time at={revokedAt ?? installedAt} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function InstallLink({ id }: Readonly<{ id: string }>) {
  const { act, isRunning, refusal } = useAct(MakeInstallLinkDocument);
  const [permissions, setPermissions] = useState('');
  const [link, setLink] = useState<Readonly<{ url: string; expiresAt: string }>>();
  async function make() {
    const names = permissions.split(/[\s,]+/).filter((name) => name !== '');
    const done = await act({ id, permissions: names });
    if (done !== undefined && 'url' in done) setLink({ url: done.url, expiresAt: done.expiresAt });
  }
  return (
    <section aria-labelledby="install-link">
      <h2 id="install-link">Install link</h2>
      <Field
        label="What the app may do on the platform"
        hint="Names with spaces between. The administrator sees them before installing."
      >
        {(input) => (
          <input {...input} value={permissions} onChange={(event) => setPermissions(event.target.value)} />
        )}
      </Field>
      <p className="acts">
        <button type="button" disabled={isRunning} onClick={() => void make()}>
          {isRunning ? 'At work…' : 'Make an install link'}
        </button>
      </p>
      {link !== undefined && (
        <p role="status">
          <code className="wrapped">{link.url}</code> is good <Time at={link.expiresAt} />.{' '}
          <Copy text={link.url} name="Copy the link" />
        </p>
      )}
      <Refused refusal={refusal} />
    </section>
  );
}

function Webhook({ app, onChanged }: Section) {
  const { id, webhook } = app;
  const [isOpen, setOpen] = useState(false);
  const variables = useMemo(() => ({ id }), [id]);
  return (
    <section aria-labelledby="webhook">
      <h2 id="webhook">Webhook</h2>
      {webhook == null ? (
        <p className="hint">There is none yet: nothing is sent to the app.</p>
      ) : (
        <>
          <p>
            <Link href={`/endpoints/${webhook.endpoint.id}`}>{webhook.endpoint.url}</Link>
          </p>
          <EndpointStateBadge state={webhook.endpoint.state} pausedAt={webhook.endpoint.pausedAt} long />
          <p className="hint">
            Gets {webhook.streams.map((stream) => stream.toLowerCase().replaceAll('_', ' ')).join(', ')}.
          </p>
        </>
      )}
      <p className="acts">
        <button type="button" onClick={() => setOpen(true)}>
          {webhook == null ? 'Set the webhook' : 'Change the webhook'}
        </button>
      </p>
      <Window title="Webhook" isOpen={isOpen} onOpenChange={setOpen}>
        <Fresh query={OneAppDocument} variables={variables}>
          {({ app: fresh }) => (
            <WebhookForm
              app={fresh ?? app}
              onDone={() => {
                setOpen(false);
                onChanged();
              }}
            />
          )}
        </Fresh>
      </Window>
    </section>
  );
}

function Credentials({ app, onChanged }: Readonly<{ app: App; onChanged: () => void }>) {
  const { act, isRunning, refusal, clear } = useAct(RotateClientSecretDocument);
  const [isAsking, setAsking] = useState(false);
  const [secret, setSecret] = useState<string>();
  return (
    <section aria-labelledby="credentials">
      <h2 id="credentials">Credentials</h2>
      <p>
        Client id <code className="wrapped">{app.clientId}</code>
      </p>
      {app.clientSecrets != null && (
        <>
          <ul className="changes">
            {app.clientSecrets.map(({ id, createdAt, expiresAt }) => (
              <li key={id}>
                Secret made <Time at={createdAt} />
                {expiresAt != null && (
                  <>
                    , ends <Time at={expiresAt} />
                  </>
                )}
              </li>
            ))}
          </ul>
          {secret !== undefined && <SecretOnce secret={secret} name="The new client secret." />}
          <p className="acts">
            <button type="button" onClick={() => setAsking(true)}>
              Rotate the client secret
            </button>
          </p>
        </>
      )}
      <Confirm
        title="Rotate the client secret"
        act="Rotate it"
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
          clear();
        }}
        isRunning={isRunning}
        refusal={refusal}
        typed={app.name}
        onConfirm={async () => {
          const done = await act({ id: app.id, overlapSeconds: 86_400 });
          if (done === undefined || !('secret' in done)) return;
          setSecret(done.secret);
          setAsking(false);
          onChanged();
        }}
      >
        <p>
          A new secret is made and shown once. The old one, and the tokens that were given for it, end in a
          day.
        </p>
      </Confirm>
    </section>
  );
}

function Members({ app, onChanged }: Section) {
  const { members, invitations } = app;
  const [isOpen, setOpen] = useState(false);
  const { act, isRunning, refusal, clear } = useAct(RemoveMemberDocument);
  const [leaving, setLeaving] = useState<NonNullable<App['members']>[number]>();
  if (members == null) return null;
  return (
    <section aria-labelledby="members">
      <h2 id="members">Members</h2>
      <ul className="changes">
        {members.map((member) => (
          <li key={member.id}>
            {member.email}{' '}
            {member.permissions.map((permission) => (
              <code key={permission} className="chip">
                {permission.toLowerCase()}
              </code>
            ))}
            <button type="button" aria-label={`Remove ${member.email}`} onClick={() => setLeaving(member)}>
              Remove
            </button>
          </li>
        ))}
        {invitations?.map(({ id, email, expiresAt }) => (
          <li key={id}>
            {email}, invited; the invitation ends <Time at={expiresAt} />
          </li>
        ))}
      </ul>
      <p className="acts">
        <button type="button" onClick={() => setOpen(true)}>
          Invite somebody
        </button>
      </p>
      <Window title="Invite somebody" isOpen={isOpen} onOpenChange={setOpen}>
        <InviteForm app={app} onDone={onChanged} />
      </Window>
      {leaving !== undefined && (
        <Confirm
          title="Remove a member"
          act="Remove them"
          isOpen
          onClose={() => {
            setLeaving(undefined);
            clear();
          }}
          isRunning={isRunning}
          refusal={refusal}
          typed={leaving.email}
          onConfirm={async () => {
            if ((await act({ id: leaving.id })) === undefined) return;
            setLeaving(undefined);
            onChanged();
          }}
        >
          <p>{leaving.email} can see and change nothing of the app any more. They can be invited again.</p>
        </Confirm>
      )}
    </section>
  );
}
