import '../parts/manage.css';
import { type FormEvent, useMemo } from 'react';
import { useQuery } from 'urql';
import { Link, useLocation, useSearch } from 'wouter';
import { Pages, useAsked } from '../parts/pages.tsx';
import { Pending } from '../parts/pending.tsx';
import { Problem } from '../parts/problem.tsx';
import { Time } from '../parts/time.tsx';
import { AuditPageDocument, type AuditPageQuery } from './generated/graphql.ts';

type Entry = AuditPageQuery['auditLog']['nodes'][number];

/** Where the changed record is shown, by its type. */
const places: Readonly<Record<string, (id: string) => string>> = {
  Endpoint: (id) => `/endpoints/${id}`,
  Delivery: (id) => `/deliveries/${id}`,
  App: (id) => `/apps/${id}`,
  ReplayJob: (id) => `/deliveries?job=${id}`,
  CancelJob: (id) => `/deliveries?job=${id}`,
  AppInstallation: () => '/apps',
  ApiKey: () => '/keys',
  EventType: () => '/event-types',
};

/** The audit log, newest first. Each entry links to the changed record. */
export default function AuditView() {
  const after = useAsked('after');
  const action = useAsked('action');
  const target = useAsked('target');
  const from = useAsked('from');
  const to = useAsked('to');
  const actor = useAsked('actor');
  const variables = useMemo(
    () => ({
      first: 50,
      after: after ?? null,
      filter: {
        action: action === undefined ? null : action.split(',').map((name) => name.trim()),
        actorId: actor === undefined ? null : [actor],
        targetId: target ?? null,
        occurredAfter: instant(from),
        occurredBefore: instant(to),
      },
    }),
    [after, action, actor, target, from, to],
  );
  const [{ data, error }, ask] = useQuery({ query: AuditPageDocument, variables });
  const page = data?.auditLog;
  const unread = [from, to].filter((day) => day !== undefined && Number.isNaN(Date.parse(day)));
  return (
    <div className="manage">
      <title>Audit · Heliograph</title>
      <h1>Audit</h1>
      <Filters entries={page?.nodes ?? []} />
      {unread.length > 0 && (
        <Problem error={`“${unread.join('”, “')}” is no day, and is left out. Write it as 2026-03-01.`} />
      )}
      {page === undefined && (
        <Pending lines={8} error={error} onRetry={() => ask({ requestPolicy: 'network-only' })} />
      )}
      {page?.nodes.length === 0 && <p className="empty">Nothing matches.</p>}
      {page !== undefined && (
        <>
          {page.nodes.length > 0 && (
            <table className="rows">
              <caption className="hidden">Audit entries, newest first</caption>
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">What</th>
                  <th scope="col">Who</th>
                  <th scope="col">Of what</th>
                  <th scope="col">Changes</th>
                </tr>
              </thead>
              <tbody>
                {page.nodes.map((entry) => (
                  <Row key={entry.id} entry={entry} />
                ))}
              </tbody>
            </table>
          )}
          <Pages name="audit entries" {...page.pageInfo} />
        </>
      )}
    </div>
  );
}

function Row({ entry }: Readonly<{ entry: Entry }>) {
  const { action, actor, targetType, targetId, changes, occurredAt } = entry;
  const place = places[targetType];
  return (
    <tr>
      <th scope="row">
        <Time at={occurredAt} />
      </th>
      <td>
        <code>{action}</code>
      </td>
      <td>
        <Link
          href={`/audit?actor=${encodeURIComponent(actor.actorId)}`}
          title={`All that ${actor.actorId} did`}
        >
          {actor.label}
        </Link>
        <span className="note">{actor.kind.toLowerCase().replace('_', ' ')}</span>
      </td>
      <td>
        {place === undefined ? <code>{targetId}</code> : <Link href={place(targetId)}>{targetId}</Link>}
      </td>
      <td>
        <Changes changes={changes} />
      </td>
    </tr>
  );
}

/** A value that was set, or from and to if it was changed. It is shown as text, whatever it contains. */
function Changes({ changes }: Readonly<{ changes: unknown }>) {
  const entries = typeof changes === 'object' && changes !== null ? Object.entries(changes) : [];
  if (entries.length === 0) return <span className="note">–</span>;
  return (
    <details>
      <summary>{entries.map(([name]) => name).join(', ')}</summary>
      <dl className="facts">
        {entries.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <code className="wrapped">{inWords(value)}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function inWords(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'from' in value && 'to' in value) {
    return `${JSON.stringify(value.from)} → ${JSON.stringify(value.to)}`;
  }
  return JSON.stringify(value);
}

/** A day in the form means the beginning of that day in UTC. */
const instant = (day: string | undefined) =>
  day !== undefined && !Number.isNaN(Date.parse(day)) ? new Date(day).toISOString() : null;

const fields = ['action', 'actor', 'target', 'from', 'to'] as const;

function Filters({ entries }: Readonly<{ entries: readonly Entry[] }>) {
  const search = useSearch();
  const asked = new URLSearchParams(search);
  const [path, go] = useLocation();
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const next = new URLSearchParams();
    for (const name of fields) {
      const value = form.get(name);
      if (typeof value === 'string' && value.trim() !== '') next.set(name, value.trim());
    }
    const text = next.toString();
    go(text === '' ? path : `${path}?${text}`);
  }
  const input = (name: (typeof fields)[number], label: string, type = 'text', placeholder = '') => (
    <label>
      {label}
      <input
        name={name}
        type={type}
        placeholder={placeholder}
        defaultValue={asked.get(name) ?? ''}
        autoComplete="off"
        list={`audit-${name}`}
      />
    </label>
  );
  return (
    <form key={search} className="filters" onSubmit={submit} aria-label="Filter">
      {input('action', 'Action', 'text', 'endpoint.update')}
      {input('actor', 'Who', 'text', 'key_… or a subject')}
      {input('target', 'Of what', 'text', 'ep_…')}
      {input('from', 'From', 'date')}
      {input('to', 'Until', 'date')}
      <button type="submit">Filter</button>
      {search !== '' && <Link href={path}>Clear</Link>}
      <datalist id="audit-action">
        {[...new Set(entries.map((entry) => entry.action))].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <datalist id="audit-actor">
        {[...new Map(entries.map(({ actor }) => [actor.actorId, actor.label]))].map(([id, label]) => (
          <option key={id} value={id} label={label} />
        ))}
      </datalist>
    </form>
  );
}
