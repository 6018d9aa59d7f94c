import { useEffect, useState } from 'react';
import { useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { ChoiceField, Field } from '../parts/form.tsx';
import { Window } from '../parts/window.tsx';
import { JobProgress } from '../replays/job-progress.tsx';
import { type OneEndpointQuery, RecoverEndpointDocument } from './generated/graphql.ts';

type Endpoint = NonNullable<OneEndpointQuery['endpoint']>;
type Props = Readonly<{ endpoint: Endpoint; onClose: () => void; onChanged: () => void }>;
type Found = Readonly<{ since: string; failed: number; missed: number }>;

const hour = 3_600_000;
const ofOnesOwn = 0;
const windows = [
  [hour, 'the last hour'],
  [24 * hour, 'the last day'],
  [7 * 24 * hour, 'the last week'],
  [30 * 24 * hour, 'the last 30 days'],
  [ofOnesOwn, 'the time since …'],
] as const;
/** From this number on, the person has to type the number, so that it cannot happen by a slip. */
const many = 100;
/** The server stops counting at this number. */
const mostCounted = 100_000;
const typingMs = 400;

/** Sends everything that an endpoint did not get since a time. It is counted first, and the progress is shown. */
export function Recover({ endpoint, onClose, onChanged }: Props) {
  const [openedAt] = useState(() => Date.now());
  const [length, setLength] = useState<number>(24 * hour);
  const [typed, setTyped] = useState(() => new Date(openedAt - 24 * hour).toISOString().slice(0, 16));
  const [key] = useState(() => `console-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`);
  const begin = length === ofOnesOwn ? Date.parse(`${typed}Z`) : openedAt - length;
  const since = Number.isNaN(begin) ? undefined : new Date(begin).toISOString();
  const trial = useAct(RecoverEndpointDocument);
  const recovery = useAct(RecoverEndpointDocument);
  const [found, setFound] = useState<Found>();
  const [job, setJob] = useState<string>();
  const { act: count } = trial;
  useEffect(() => {
    if (since === undefined) return;
    let isAsked = true;
    const timer = setTimeout(async () => {
      const done = await count({ input: { id: endpoint.id, since, dryRun: true } });
      if (isAsked && done !== undefined && 'missed' in done) {
        setFound({ since, failed: done.failed, missed: done.missed });
      }
    }, typingMs);
    return () => {
      isAsked = false;
      clearTimeout(timer);
    };
  }, [count, since, endpoint.id]);
  if (job !== undefined) {
    return (
      <Window title="Recovering" isOpen onOpenChange={(is) => (is ? undefined : onClose())}>
        <JobProgress id={job} onEnd={onChanged} />
      </Window>
    );
  }
  const counted = found?.since === since ? found : undefined;
  const all = counted === undefined ? 0 : counted.failed + counted.missed;
  const words = (n: number) => `${n >= mostCounted ? 'at least ' : ''}${n.toLocaleString('en')}`;
  return (
    <Confirm
      title="Recover"
      act={all === 0 ? 'Send them' : `Send ${words(all)}`}
      isOpen
      onClose={onClose}
      isRunning={recovery.isRunning}
      refusal={recovery.refusal ?? trial.refusal}
      isReady={all > 0}
      isHarmless
      {...(all >= many ? { typed: String(all) } : {})}
      onConfirm={async () => {
        if (since === undefined) return;
        const done = await recovery.act({
          input: { id: endpoint.id, since, idempotencyKey: `${key}-${begin}` },
        });
        if (done !== undefined && 'job' in done && done.job !== null) setJob(done.job.id);
      }}
    >
      <ChoiceField label="What it did not get in" value={length} choices={windows} onChange={setLength} />
      {length === ofOnesOwn && (
        <Field label="Since (UTC)" problem={since === undefined ? 'Choose a day and a time.' : undefined}>
          {(input) => (
            <input
              {...input}
              type="datetime-local"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
          )}
        </Field>
      )}
      <div aria-live="polite">
        {counted === undefined ? (
          <p>{trial.refusal === undefined ? 'Counting…' : 'Nothing could be counted.'}</p>
        ) : all === 0 ? (
          <p>It has got everything: nothing failed, and no event of its types is without a delivery.</p>
        ) : (
          <>
            <p>These are sent to {endpoint.url}, each as a new delivery with the id of its event:</p>
            <ul className="changes">
              <li>
                <strong>{words(counted.failed)}</strong> that failed and{' '}
                {counted.failed === 1 ? 'was' : 'were'} not replayed yet
              </li>
              <li>
                <strong>{words(counted.missed)}</strong> that it never had a delivery of, because it did not
                exist, did not subscribe, or its filter kept them
              </li>
            </ul>
          </>
        )}
      </div>
    </Confirm>
  );
}
