import '../parts/manage.css';
import { type FormEvent, useState } from 'react';
import { useQuery } from 'urql';
import { useMay } from '../app/viewer.ts';
import { issueOf, useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ChoiceField, Field, Refused } from '../parts/form.tsx';
import { Pages, useAsked } from '../parts/pages.tsx';
import { Pending } from '../parts/pending.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { Shape } from '../parts/shape.tsx';
import { Time, useNow } from '../parts/time.tsx';
import { ViewHead } from '../parts/view-head.tsx';
import { Window } from '../parts/window.tsx';
import {
  CreateKeyDocument,
  KeysPageDocument,
  type KeysPageQuery,
  RevokeKeyDocument,
} from './generated/graphql.ts';
import { NewLink } from './new-link.tsx';
import { PermissionChoice, useMayGive } from './permission-choice.tsx';

type Key = KeysPageQuery['apiKeys']['nodes'][number];

/** The tenant's API keys. A new key is shown once, and a key can be revoked permanently. */
export default function KeysView() {
  const after = useAsked('after');
  const [{ data, error }, ask] = useQuery({
    query: KeysPageDocument,
    variables: { first: 50, after: after ?? null },
  });
  const again = () => ask({ requestPolicy: 'network-only' });
  const [made, setMade] = useState<string>();
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Key>();
  const [isLinking, setLinking] = useState(false);
  const mayChange = useMay('MANAGE_API_KEYS');
  const mayLink = useMay('MANAGE_WEBHOOKS');
  const page = data?.apiKeys;
  return (
    <div className="manage">
      <ViewHead title="Keys" count={page?.totalCount}>
        {mayChange && (
          <button type="button" className="primary" onClick={() => setMaking(true)}>
            New key
          </button>
        )}
        {mayLink && (
          <button type="button" onClick={() => setLinking(true)}>
            New link to the console
          </button>
        )}
      </ViewHead>
      {made !== undefined && <SecretOnce secret={made} name="The new API key." />}
      {page === undefined && <Pending lines={6} error={error} onRetry={again} />}
      {page?.totalCount === 0 && (
        <p className="empty">There are no keys yet. A key lets a program of yours call the API.</p>
      )}
      {page !== undefined && page.totalCount > 0 && (
        <>
          <table className="rows">
            <caption className="hidden">API keys, newest first</caption>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">State</th>
                <th scope="col">May</th>
                <th scope="col">Last used</th>
                <th scope="col">Made</th>
                <th scope="col">
                  <span className="hidden">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {page.nodes.map((key) => (
                <Row key={key.id} apiKey={key} onRevoke={mayChange ? () => setRevoking(key) : undefined} />
              ))}
            </tbody>
          </table>
          <Pages name="keys" {...page.pageInfo} />
        </>
      )}
      <Window title="New key" isOpen={isMaking} onOpenChange={setMaking}>
        <NewKey
          onMade={(key) => {
            setMade(key);
            setMaking(false);
            again();
          }}
        />
      </Window>
      <Window title="New link to the console" isOpen={isLinking} onOpenChange={setLinking}>
        <NewLink />
      </Window>
      {revoking !== undefined && (
        <Revoke
          apiKey={revoking}
          onClose={() => setRevoking(undefined)}
          onDone={() => {
            setRevoking(undefined);
            again();
          }}
        />
      )}
    </div>
  );
}

function Row({ apiKey, onRevoke }: Readonly<{ apiKey: Key; onRevoke: (() => void) | undefined }>) {
  const { name, permissions, prefix, lastFour, createdAt, lastUsedAt, expiresAt, revokedAt } = apiKey;
  const now = useNow();
  const isOver = expiresAt != null && Date.parse(expiresAt) <= now;
  const isGood = revokedAt == null && !isOver;
  return (
    <tr>
      <th scope="row">
        {name}
        <span className="note">
          <code>
            {prefix}…{lastFour}
          </code>
        </span>
      </th>
      <td>
        <span className={`badge ${isGood ? 'state-active' : 'state-disabled'}`}>
          <Shape name={isGood ? 'full' : 'cross'} />{' '}
          {revokedAt != null ? 'Revoked' : isOver ? 'Expired' : 'In force'}
        </span>
        {isGood && expiresAt != null && (
          <span className="note">
            ends <Time at={expiresAt} />
          </span>
        )}
      </td>
      <td>
        {permissions.map((permission) => (
          <code key={permission} className="chip">
            {permission.toLowerCase()}
          </code>
        ))}
      </td>
      <td data-label="Last used">{lastUsedAt == null ? 'never' : <Time at={lastUsedAt} />}</td>
      <td data-label="Made">
        <Time at={createdAt} />
      </td>
      <td>
        {isGood && onRevoke !== undefined && (
          <button type="button" className="danger-quiet" aria-label={`Revoke ${name}`} onClick={onRevoke}>
            Revoke
          </button>
        )}
      </td>
    </tr>
  );
}

const lifetimes = [
  [0, 'never'],
  [7, 'in a week'],
  [30, 'in 30 days'],
  [365, 'in a year'],
] as const;

function NewKey({ onMade }: Readonly<{ onMade: (key: string) => void }>) {
  const { act, isRunning, refusal } = useAct(CreateKeyDocument);
  const mayGive = useMayGive();
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [days, setDays] = useState(0);
  async function submit(event: FormEvent) {
    event.preventDefault();
    const permissions = mayGive.filter((permission) => chosen.includes(permission));
    const expiresAt = days === 0 ? null : new Date(Date.now() + days * 86_400_000).toISOString();
    const done = await act({ input: { name, permissions, expiresAt } });
    if (done !== undefined && 'key' in done) onMade(done.key);
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="form">
      <Field label="Name" hint="What you will know it by." problem={issueOf(refusal, 'name')}>
        {(input) => <input {...input} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <PermissionChoice
        mayGive={mayGive}
        chosen={chosen}
        onChange={setChosen}
        problem={issueOf(refusal, 'permissions')}
      />
      <ChoiceField
        label="It ends"
        problem={issueOf(refusal, 'expiresAt')}
        value={days}
        choices={lifetimes}
        onChange={setDays}
      />
      <Refused refusal={refusal} fields={['name', 'permissions', 'expiresAt']} />
      <p className="acts">
        <button type="submit" className="primary" disabled={isRunning}>
          {isRunning ? 'At work…' : 'Create the key'}
        </button>
      </p>
    </form>
  );
}

function Revoke(props: Readonly<{ apiKey: Key; onClose: () => void; onDone: () => void }>) {
  const { apiKey, onClose, onDone } = props;
  const { act, isRunning, refusal } = useAct(RevokeKeyDocument);
  return (
    <Confirm
      title={`Revoke ${apiKey.name}`}
      act="Revoke it"
      isOpen
      onClose={onClose}
      isRunning={isRunning}
      refusal={refusal}
      typed={apiKey.lastFour}
      onConfirm={async () => {
        if ((await act({ id: apiKey.id })) !== undefined) onDone();
      }}
    >
      <p>
        Whatever uses the key <code>{apiKey.prefix}…</code> is refused within 2 seconds, and what it follows
        ends within 5. Links to the console that were made with it end, too. It cannot be taken back.
      </p>
    </Confirm>
  );
}
