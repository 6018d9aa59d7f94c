import '../parts/manage.css';
import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { issueOf, useAct } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { Pages, useAsked } from '../parts/pages.tsx';
import { Pending } from '../parts/pending.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { Time } from '../parts/time.tsx';
import { ViewHead } from '../parts/view-head.tsx';
import { Window } from '../parts/window.tsx';
import { AppsPageDocument, type AppsPageQuery, CreateAnAppDocument } from './generated/graphql.ts';

type Made = Readonly<{ clientId: string; clientSecret: string; webhookSecret: string }>;

/** The partner apps that the tenant has created, and those that it has installed. */
export default function AppsView() {
  const after = useAsked('after');
  const [{ data, error }, ask] = useQuery({
    query: AppsPageDocument,
    variables: { first: 50, after: after ?? null },
  });
  const again = () => ask({ requestPolicy: 'network-only' });
  const mayChange = useMay('MANAGE_APPS');
  const [isMaking, setMaking] = useState(false);
  const [made, setMade] = useState<Made>();
  const page = data?.apps;
  return (
    <div className="manage">
      <ViewHead title="Apps" count={page?.totalCount}>
        {mayChange && (
          <button type="button" className="primary" onClick={() => setMaking(true)}>
            New app
          </button>
        )}
      </ViewHead>
      {made !== undefined && (
        <>
          <p>
            Its client id is <code>{made.clientId}</code>.
          </p>
          <SecretOnce secret={made.clientSecret} name="The client secret." />
          <SecretOnce secret={made.webhookSecret} name="The webhook’s signing secret." />
        </>
      )}
      {page === undefined && <Pending lines={6} error={error} onRetry={again} />}
      {page?.totalCount === 0 && (
        <p className="empty">
          There are no apps yet. An app is a partner’s program that other tenants can install.
        </p>
      )}
      {page !== undefined && page.totalCount > 0 && (
        <>
          <table className="rows">
            <caption className="hidden">Apps, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Source</th>
                <th scope="col">Published</th>
                <th scope="col">Made</th>
              </tr>
            </thead>
            <tbody>
              {page.nodes.map(({ id, name, source, publishedVersion, createdAt }) => (
                <tr key={id}>
                  <th scope="row">
                    <Link href={`/apps/${id}`}>{name}</Link>
                  </th>
                  <td data-label="Source">
                    <code>{source}</code>
                  </td>
                  <td data-label="Published">{publishedVersion?.version ?? 'nothing yet'}</td>
                  <td data-label="Made">
                    <Time at={createdAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <Pages name="apps" {...page.pageInfo} />
        </>
      )}
      {data !== undefined && <Installed installations={data.appInstallations} />}
      <Window title="New app" isOpen={isMaking} onOpenChange={setMaking}>
        <NewApp
          onMade={(app) => {
            setMade(app);
            setMaking(false);
            again();
          }}
        />
      </Window>
    </div>
  );
}

function Installed({ installations }: Readonly<{ installations: AppsPageQuery['appInstallations'] }>) {
  if (installations.totalCount === 0) return null;
  return (
    <section aria-labelledby="installed">
      <h2 id="installed">Installed by you</h2>
      <ul className="changes">
        {installations.nodes.map(({ id, app, installedAt, revokedAt, isSubscribed }) => (
          <li key={id}>
            {app.name}: {revokedAt == null ? 'installed' : 'uninstalled'}{' '}
            <Time at={revokedAt ?? installedAt} />
            {revokedAt == null && (isSubscribed ? ', gets your events' : ', gets no events')}
          </li>
        ))}
      </ul>
    </section>
  );
}

const fields = ['name', 'source', 'ownerEmail'];

function NewApp({ onMade }: Readonly<{ onMade: (made: Made) => void }>) {
  const { act, isRunning, refusal } = useAct(CreateAnAppDocument);
  const [values, setValues] = useState({ name: '', source: '', ownerEmail: '' });
  const input = (name: keyof typeof values, label: string, hint: string) => (
    <Field label={label} hint={hint} problem={issueOf(refusal, name)}>
      {(props) => (
        <input
          {...props}
          value={values[name]}
          onChange={(event) => setValues({ ...values, [name]: event.target.value })}
        />
      )}
    </Field>
  );
  async function submit(event: FormEvent) {
    event.preventDefault();
    const { name, source, ownerEmail } = values;
    const done = await act({
      input: { name, source, ownerEmail: ownerEmail.trim() === '' ? null : ownerEmail },
    });
    if (done === undefined || !('clientSecret' in done)) return;
    onMade({
      clientId: done.app.clientId,
      clientSecret: done.clientSecret,
      webhookSecret: done.webhookSecret,
    });
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="form">
      {input('name', 'Name', 'What tenants read before they install it.')}
      {input('source', 'Source', 'The partner’s own name for it.')}
      {input('ownerEmail', 'Email of its first member', 'Empty: yours.')}
      <Refused refusal={refusal} fields={fields} />
      <p className="acts">
        <button type="submit" className="primary" disabled={isRunning}>
          {isRunning ? 'At work…' : 'Create the app'}
        </button>
      </p>
    </form>
  );
}
