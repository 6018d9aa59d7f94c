import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Refused } from '../parts/form.tsx';
import { Fresh } from '../parts/fresh.tsx';
import { Window } from '../parts/window.tsx';
import { useCount } from '../replays/use-count.ts';
import { changesOf, EndpointForm, valuesOf } from './endpoint-form.tsx';
import {
  DeleteEndpointDocument,
  EndpointSettingsDocument,
  type OneEndpointQuery,
  PauseEndpointDocument,
  PurgeEndpointDocument,
  ResumeEndpointDocument,
  UpdateEndpointDocument,
} from './generated/graphql.ts';
import { Handshake } from './handshake.tsx';
import { Recover } from './recover.tsx';
import { SendTest } from './send-test.tsx';

type Endpoint = NonNullable<OneEndpointQuery['endpoint']>;
type Open = 'edit' | 'verify' | 'test' | 'recover' | 'purge' | 'delete' | undefined;

/** All acts on an endpoint. An act that cannot be undone first tells what it will do, and requires typing the host. */
export function EndpointActs({
  endpoint,
  onChanged,
}: Readonly<{ endpoint: Endpoint; onChanged: () => void }>) {
  const [open, setOpen] = useState<Open>();
  const [said, setSaid] = useState<string>();
  const update = useAct(UpdateEndpointDocument);
  const pause = useAct(PauseEndpointDocument);
  const resume = useAct(ResumeEndpointDocument);
  const { id, isActive, pausedAt } = endpoint;
  const variables = useMemo(() => ({ id }), [id]);
  const isPaused = pausedAt !== null;
  const isRunning = update.isRunning || pause.isRunning || resume.isRunning;
  const close = () => setOpen(undefined);
  const done = (text: string) => {
    setSaid(text);
    close();
    onChanged();
  };
  /** One that was switched off fails what it misses; one that is paused keeps it and sends it when it goes on. */
  async function turn() {
    if (!isActive) {
      if ((await update.act({ input: { id, isActive: true } })) !== undefined)
        done('Deliveries are sent again.');
    } else if (isPaused) {
      if ((await resume.act({ id })) !== undefined) done('It goes on, with what has waited first.');
    } else if ((await pause.act({ id })) !== undefined)
      done('Paused. What comes now waits until it goes on.');
  }
  const button = (name: Open, text: string, className?: string) => (
    <button type="button" className={className} onClick={() => setOpen(name)}>
      {text}
    </button>
  );
  return (
    <div className="endpoint-acts">
      <div className="acts">
        <button type="button" disabled={isRunning} onClick={() => void turn()}>
          {isActive ? (isPaused ? 'Resume' : 'Pause') : 'Enable'}
        </button>
        {button('edit', 'Edit')}
        {button('test', 'Send a test event')}
        {button('verify', 'Verify again')}
        {button('recover', 'Recover')}
        {button('purge', 'Purge', 'danger-quiet')}
        {button('delete', 'Delete', 'danger-quiet')}
      </div>
      <p role="status" className="said">
        {said}
      </p>
      {open !== 'edit' && <Refused refusal={update.refusal ?? pause.refusal ?? resume.refusal} />}
      <Window
        title="Edit the endpoint"
        wide
        isOpen={open === 'edit'}
        onOpenChange={(is) => (is ? undefined : close())}
      >
        <Fresh query={EndpointSettingsDocument} variables={variables}>
          {({ endpoint: fresh }) => (
            <EndpointForm
              start={valuesOf(fresh ?? endpoint)}
              act="Save"
              urlHint="Another URL has to pass the handshake anew: nothing is delivered until it does."
              isRunning={update.isRunning}
              refusal={update.refusal}
              onSubmit={async (values) => {
                const input = { id, ...changesOf(valuesOf(fresh ?? endpoint), values) };
                if ((await update.act({ input })) !== undefined) done('Saved.');
              }}
            />
          )}
        </Fresh>
      </Window>
      <Window
        title="Verify again"
        isOpen={open === 'verify'}
        onOpenChange={(is) => (is ? undefined : close())}
      >
        <Handshake id={id} />
      </Window>
      <Window
        title="Send a test event"
        isOpen={open === 'test'}
        onOpenChange={(is) => (is ? undefined : close())}
      >
        <SendTest id={id} />
      </Window>
      {open === 'recover' && <Recover endpoint={endpoint} onClose={close} onChanged={onChanged} />}
      {open === 'purge' && <Purge endpoint={endpoint} onClose={close} onDone={done} />}
      {open === 'delete' && <Delete endpoint={endpoint} onClose={close} />}
    </div>
  );
}

/** How many deliveries the endpoint has, in words. */
function useCountOf(id: string): string | undefined {
  const [filter] = useState(() => ({ endpointId: [id] }));
  return useCount(filter)?.words;
}

type Dialog = Readonly<{ endpoint: Endpoint; onClose: () => void }>;

function Purge({ endpoint, onClose, onDone }: Dialog & Readonly<{ onDone: (text: string) => void }>) {
  const { act, isRunning, refusal } = useAct(PurgeEndpointDocument);
  const all = useCountOf(endpoint.id);
  return (
    <Confirm
      title="Purge the deliveries"
      act="Purge them"
      isOpen
      onClose={onClose}
      isRunning={isRunning}
      refusal={refusal}
      isReady={all !== undefined}
      typed={new URL(endpoint.url).host}
      onConfirm={async () => {
        const done = await act({ id: endpoint.id });
        if (done === undefined || !('purgedCount' in done)) return;
        onDone(`${done.purgedCount.toLocaleString('en')} deliveries are purged.`);
      }}
    >
      <p>
        <strong>{all ?? 'Counting…'}</strong> deliveries to {endpoint.url} are removed for good, with their
        attempts. Those that still wait are cancelled. The endpoint itself stays.
      </p>
    </Confirm>
  );
}

function Delete({ endpoint, onClose }: Dialog) {
  const { act, isRunning, refusal } = useAct(DeleteEndpointDocument);
  const all = useCountOf(endpoint.id);
  const [, go] = useLocation();
  return (
    <Confirm
      title="Delete the endpoint"
      act="Delete it"
      isOpen
      onClose={onClose}
      isRunning={isRunning}
      refusal={refusal}
      isReady={all !== undefined}
      typed={new URL(endpoint.url).host}
      onConfirm={async () => {
        if ((await act({ id: endpoint.id })) !== undefined) go('/endpoints');
      }}
    >
      <p>
        {endpoint.url} gets nothing any more. Its secrets and <strong>{all ?? 'Counting…'}</strong> deliveries
        are removed for good; those that still wait are cancelled.
      </p>
    </Confirm>
  );
}
