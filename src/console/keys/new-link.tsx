import { type FormEvent, useState } from 'react';
import { issueOf, useAct } from '../parts/act.ts';
import { ChoiceField, Field, Refused } from '../parts/form.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { Time } from '../parts/time.tsx';
import { MakeConsoleLinkDocument } from './generated/graphql.ts';
import { PermissionChoice, useMayGive } from './permission-choice.tsx';

const lifetimes = [
  [900, 'in 15 minutes'],
  [3_600, 'in an hour'],
  [28_800, 'in 8 hours'],
  [86_400, 'in a day'],
] as const;

type Made = Readonly<{ url: string; expiresAt: string }>;

/** A link that lets somebody without an account in, with exactly what is chosen here, for a while. */
export function NewLink() {
  const { act, isRunning, refusal } = useAct(MakeConsoleLinkDocument);
  const mayGive = useMayGive();
  const [chosen, setChosen] = useState<readonly string[]>(['MANAGE_WEBHOOKS']);
  const [seconds, setSeconds] = useState<number>(3_600);
  const [path, setPath] = useState('/console');
  const [made, setMade] = useState<Made>();
  async function submit(event: FormEvent) {
    event.preventDefault();
    const permissions = mayGive.filter((permission) => chosen.includes(permission));
    const done = await act({ input: { permissions, expiresInSeconds: seconds, path } });
    if (done !== undefined && 'url' in done) setMade(done);
  }
  if (made !== undefined) {
    return (
      <>
        <SecretOnce secret={made.url} name="The link." />
        <p>
          Whoever opens it can do what it was given, until it ends <Time at={made.expiresAt} />, or until your
          own credential ends. It can be opened as often as wanted. To show it within a page of yours, name
          that page’s origin in <code>CONSOLE_FRAME_ANCESTORS</code>, and give the link to an{' '}
          <code>iframe</code>.
        </p>
      </>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="form">
      <PermissionChoice
        mayGive={mayGive}
        chosen={chosen}
        onChange={setChosen}
        problem={issueOf(refusal, 'permissions')}
      />
      <ChoiceField
        label="It ends"
        problem={issueOf(refusal, 'expiresInSeconds')}
        value={seconds}
        choices={lifetimes}
        onChange={setSeconds}
      />
      <Field
        label="It opens"
        hint="A view of the console, with its filters: /console/deliveries?status=FAILED"
        problem={issueOf(refusal, 'path')}
      >
        {(input) => <input {...input} value={path} onChange={(event) => setPath(event.target.value)} />}
      </Field>
      <Refused refusal={refusal} fields={['permissions', 'expiresInSeconds', 'path']} />
      <p className="acts">
        <button type="submit" className="primary" disabled={isRunning}>
          {isRunning ? 'At work…' : 'Make the link'}
        </button>
      </p>
    </form>
  );
}
