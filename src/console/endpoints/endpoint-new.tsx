import '../parts/manage.css';
import { useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { useAct } from '../parts/act.ts';
import { SecretOnce } from '../parts/secret-once.tsx';
import { PublicKey, VerificationSnippets } from '../parts/verification.tsx';
import { EndpointForm, newInputOf } from './endpoint-form.tsx';
import { CreateEndpointDocument } from './generated/graphql.ts';
import { Handshake } from './handshake.tsx';
import { SendTest } from './send-test.tsx';
import { usualSending } from './sending-fields.tsx';

type Made = Readonly<{ id: string; url: string; secret: string; publicKey: string | null }>;

const blank = { url: '', description: '', events: [], filter: [], rate: '', sending: usualSending };

/** A new endpoint: its settings, then its secret once, then the progress of the handshake, then a test event. */
export default function EndpointNew() {
  const { act, isRunning, refusal } = useAct(CreateEndpointDocument);
  const [made, setMade] = useState<Made>();
  const [isVerified, setVerified] = useState(false);
  if (!useMay('MANAGE_WEBHOOKS')) {
    return (
      <div className="manage">
        <title>New endpoint · Heliograph</title>
        <h1>New endpoint</h1>
        <p>Your credential may not make endpoints. It needs manage_webhooks.</p>
      </div>
    );
  }
  if (made === undefined) {
    return (
      <div className="manage">
        <title>New endpoint · Heliograph</title>
        <h1>New endpoint</h1>
        <EndpointForm
          start={blank}
          act="Create the endpoint"
          urlHint="Your receiver. Its first request is a handshake: it has to send the challenge back."
          isRunning={isRunning}
          refusal={refusal}
          isNew
          onSubmit={async (values) => {
            const done = await act({ input: newInputOf(values) });
            if (done === undefined || !('secret' in done)) return;
            const { id, url, publicKey } = done.endpoint;
            setMade({ id, url, publicKey, secret: done.secret });
          }}
        />
      </div>
    );
  }
  return (
    <div className="manage">
      <title>New endpoint · Heliograph</title>
      <h1>New endpoint</h1>
      <p className="made">
        <Link href={`/endpoints/${made.id}`}>{made.url}</Link> is made.
      </p>
      <ol className="steps">
        <li>
          {made.publicKey === null ? (
            <>
              <h2>Keep its secret</h2>
              <SecretOnce secret={made.secret} name="The signing secret." />
            </>
          ) : (
            <>
              <h2>Give its public key to the receiver</h2>
              <PublicKey text={made.publicKey} />
            </>
          )}
          <VerificationSnippets isKeyPair={made.publicKey !== null} />
        </li>
        <li>
          <h2>The handshake</h2>
          <Handshake id={made.id} onVerified={() => setVerified(true)} />
        </li>
        <li>
          <h2>Send a test event</h2>
          {isVerified ? (
            <SendTest id={made.id} />
          ) : (
            <p className="hint">As soon as the receiver has answered the handshake.</p>
          )}
        </li>
      </ol>
    </div>
  );
}
