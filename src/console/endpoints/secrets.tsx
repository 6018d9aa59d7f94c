import { useState } from 'react';
import { useAct } from '../parts/act.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Field } from '../parts/form.tsx';
import { SecretOnce } from '../parts/secret-once.tsx';
import { span, Time, useNow } from '../parts/time.tsx';
import { PublicKey } from '../parts/verification.tsx';
import { type OneEndpointQuery, RotateEndpointSecretDocument } from './generated/graphql.ts';

type Endpoint = NonNullable<OneEndpointQuery['endpoint']>;

const overlaps = [
  [0, 'at once: receivers that have the old one refuse from now on'],
  [3_600, 'after an hour'],
  [86_400, 'after a day'],
  [604_800, 'after a week'],
] as const;

/** The valid secrets with their ages. A rotation shows the new secret once, and how long the old one still signs. */
export function Secrets(props: Readonly<{ endpoint: Endpoint; mayRotate: boolean; onChanged: () => void }>) {
  const { endpoint, mayRotate, onChanged } = props;
  const isKeyPair = endpoint.signature === 'ED25519';
  const [isAsking, setAsking] = useState(false);
  const [overlap, setOverlap] = useState(86_400);
  const [secret, setSecret] = useState<string>();
  const { act, isRunning, refusal, clear } = useAct(RotateEndpointSecretDocument);
  return (
    <section aria-labelledby="secrets">
      <h2 id="secrets">{isKeyPair ? 'Signing keys' : 'Signing secrets'}</h2>
      <ul className="changes">
        {endpoint.signingSecrets.map(({ id, createdAt, expiresAt, publicKey }) => (
          <li key={id}>
            {expiresAt == null ? 'In force' : <Overlap endsAt={expiresAt} />}, made <Time at={createdAt} />
            {publicKey !== null && <PublicKey text={publicKey} />}
          </li>
        ))}
      </ul>
      {secret !== undefined && !isKeyPair && <SecretOnce secret={secret} name="The new signing secret." />}
      {mayRotate && (
        <p className="acts">
          <button type="button" onClick={() => setAsking(true)}>
            {isKeyPair ? 'Rotate the key' : 'Rotate the secret'}
          </button>
        </p>
      )}
      <Confirm
        title={isKeyPair ? 'Rotate the signing key' : 'Rotate the signing secret'}
        act="Rotate it"
        isOpen={isAsking}
        onClose={() => {
          setAsking(false);
          clear();
        }}
        isRunning={isRunning}
        refusal={refusal}
        typed={new URL(endpoint.url).host}
        onConfirm={async () => {
          const done = await act({ id: endpoint.id, overlapSeconds: overlap });
          if (done === undefined || !('secret' in done)) return;
          setSecret(done.secret);
          setAsking(false);
          onChanged();
        }}
      >
        <p>
          {isKeyPair
            ? 'A new pair of keys is made, and its public key is shown here.'
            : 'A new secret is made and shown once.'}{' '}
          Until the old one ends, each delivery is signed with both, so that the receiver can change over.
        </p>
        <Field label={isKeyPair ? 'The old key ends' : 'The old secret ends'}>
          {(input) => (
            <select {...input} value={overlap} onChange={(event) => setOverlap(Number(event.target.value))}>
              {overlaps.map(([seconds, words]) => (
                <option key={seconds} value={seconds}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
      </Confirm>
    </section>
  );
}

/** A countdown of how long a replaced secret still signs. */
function Overlap({ endsAt }: Readonly<{ endsAt: string }>) {
  const left = Date.parse(endsAt) - useNow();
  return <>{left > 0 ? `Replaced, still signs for ${span(left)}` : 'Replaced, signs no more'}</>;
}
