import { useEffect } from 'react';
import { useQuery } from 'urql';
import { useAct } from '../parts/act.ts';
import { Refused } from '../parts/form.tsx';
import { Time } from '../parts/time.tsx';
import { EndpointHandshakeDocument, VerifyEndpointDocument } from './generated/graphql.ts';

const lookEveryMs = 1_000;

/** The progress of the ownership handshake. It is read each second until it has ended. */
export function Handshake({ id, onVerified }: Readonly<{ id: string; onVerified?: () => void }>) {
  const [{ data }, look] = useQuery({ query: EndpointHandshakeDocument, variables: { id } });
  const { act, isRunning, refusal } = useAct(VerifyEndpointDocument);
  const verification = data?.endpoint?.verification;
  const status = verification?.status;
  useEffect(() => {
    if (status !== undefined && status !== 'PENDING') return;
    const timer = setInterval(() => look({ requestPolicy: 'network-only' }), lookEveryMs);
    return () => clearInterval(timer);
  }, [status, look]);
  useEffect(() => {
    if (status === 'VERIFIED') onVerified?.();
  }, [status, onVerified]);
  return (
    <div className="handshake">
      <p role="status" className={`handshake-${(status ?? 'PENDING').toLowerCase()}`}>
        {wordsOf(status)}{' '}
        {status === 'VERIFIED' && verification?.verifiedAt != null && <Time at={verification.verifiedAt} />}
      </p>
      {status === 'FAILED' && (
        <p className="problem">{verification?.reason ?? 'The receiver gave no answer.'}</p>
      )}
      {(status === 'FAILED' || status === 'UNVERIFIED') && (
        <p className="acts">
          <button
            type="button"
            disabled={isRunning}
            onClick={() => void act({ id }).then(() => look({ requestPolicy: 'network-only' }))}
          >
            {isRunning ? 'Asking the receiver…' : 'Try the handshake again'}
          </button>
        </p>
      )}
      <Refused refusal={refusal} />
    </div>
  );
}

function wordsOf(status: 'UNVERIFIED' | 'PENDING' | 'VERIFIED' | 'FAILED' | undefined): string {
  switch (status) {
    case 'VERIFIED':
      return 'The receiver has shown that it wants the deliveries.';
    case 'FAILED':
      return 'The handshake failed. Nothing is delivered until one succeeds.';
    case 'UNVERIFIED':
      return 'Nobody has asked the receiver yet.';
    default:
      return 'Asking the receiver: it has to send the challenge back.';
  }
}
