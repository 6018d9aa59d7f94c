import { useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { useAct } from '../parts/act.ts';
import { EndpointStateBadge } from '../parts/endpoint-state.tsx';
import { Refused } from '../parts/form.tsx';
import {
  EnableEndpointDocument,
  type EndpointInNeedFragment,
  type OverviewQuery,
  VerifyNowDocument,
} from './generated/graphql.ts';

type Need = Readonly<{ endpoint: EndpointInNeedFragment; failures: number; isEnded: boolean }>;

/**
 * The endpoints that need attention: disabled by the server, not verified, resting, or with failures among the newest
 * hundred. Who was paused on purpose is left alone.
 */
function needsOf({ inactive, unverified, failing, troubled }: OverviewQuery): readonly Need[] {
  const needs = new Map<string, Need>();
  const add = (endpoint: EndpointInNeedFragment, failures: number, isEnded: boolean) => {
    const before = needs.get(endpoint.id);
    needs.set(endpoint.id, {
      endpoint,
      failures: (before?.failures ?? 0) + failures,
      isEnded: (before?.isEnded ?? false) || isEnded,
    });
  };
  for (const endpoint of [...inactive.nodes, ...unverified.nodes]) {
    if (endpoint.state.name !== 'PAUSED') add(endpoint, 0, false);
  }
  for (const { stats, ...endpoint } of failing.nodes) {
    if (endpoint.state.name === 'RESTING') add(endpoint, 0, stats.failed > 0);
  }
  for (const { endpoint, status } of troubled.nodes) {
    if (endpoint.state.name !== 'PAUSED') add(endpoint, 1, status !== 'RETRYING');
  }
  return [...needs.values()];
}

type Props = Readonly<{ data: OverviewQuery; since: string; onChanged: () => void }>;

export function Attention({ data, since, onChanged }: Props) {
  const needs = needsOf(data);
  return (
    <section aria-labelledby="attention">
      <h2 id="attention">Endpoints that need attention</h2>
      {needs.length === 0 && <p className="hint">None. All of them take what they are sent.</p>}
      <ul className="plain-list">
        {needs.map((need) => (
          <InNeed key={need.endpoint.id} need={need} since={since} onChanged={onChanged} />
        ))}
      </ul>
    </section>
  );
}

function InNeed(props: Readonly<{ need: Need; since: string; onChanged: () => void }>) {
  const { need, since, onChanged } = props;
  const { endpoint, failures, isEnded } = need;
  const { id, url, state } = endpoint;
  const many = failures >= 100 ? '100 or more' : String(failures);
  const troubles = failures === 0 ? undefined : `${many} of the newest deliveries failed`;
  return (
    <li className="need">
      <span className="name">
        <Link href={`/endpoints/${id}`}>{url}</Link>
      </span>
      <span className="why">
        {state.name !== 'ACTIVE' && <EndpointStateBadge state={state} pausedAt={endpoint.pausedAt} />}{' '}
        {[state.reason, troubles].filter((words) => words != null).join(' ')}
      </span>
      <span className="act">
        <Help endpoint={endpoint} since={since} isEnded={isEnded} onChanged={onChanged} />
      </span>
    </li>
  );
}

/** The one act that helps. */
function Help(
  props: Readonly<{
    endpoint: EndpointInNeedFragment;
    since: string;
    isEnded: boolean;
    onChanged: () => void;
  }>,
) {
  const { endpoint, since, isEnded, onChanged } = props;
  const { id, url, state } = endpoint;
  const mayAct = useMay('MANAGE_WEBHOOKS');
  const enable = useAct(EnableEndpointDocument);
  const verify = useAct(VerifyNowDocument);
  const [said, setSaid] = useState<string>();
  const isRunning = enable.isRunning || verify.isRunning;
  async function ask() {
    const done = await verify.act({ id });
    if (done === undefined || !('verified' in done)) return;
    if (!done.verified) setSaid(done.reason ?? 'The receiver did not answer the handshake.');
    onChanged();
  }
  async function start() {
    if ((await enable.act({ id })) !== undefined) onChanged();
  }
  const act = (words: string, run: () => Promise<void>) => (
    <button type="button" disabled={isRunning} aria-label={`${words} ${url}`} onClick={() => void run()}>
      {words}
    </button>
  );
  const failed = `/deliveries?endpoint=${id}&status=${isEnded ? 'FAILED,DEAD_LETTER' : 'RETRYING'}&from=${encodeURIComponent(since)}`;
  return (
    <>
      {mayAct && state.name === 'DISABLED' && act('Enable', start)}
      {mayAct && state.name === 'UNVERIFIED' && act('Verify', ask)}
      {state.name !== 'DISABLED' && state.name !== 'UNVERIFIED' && (
        <Link href={failed}>{isEnded ? 'See and replay' : 'See what fails'}</Link>
      )}
      {said !== undefined && <small role="status"> {said}</small>}
      <Refused refusal={enable.refusal ?? verify.refusal} />
    </>
  );
}
