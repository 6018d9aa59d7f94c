import { Fact } from '../parts/facts.tsx';
import { Text } from '../parts/payload.tsx';
import { wordsOf } from '../parts/status.tsx';
import { duration, Time } from '../parts/time.tsx';
import type { AttemptOutcome, DeliveryDetailsFragment } from './generated/graphql.ts';

type Attempts = DeliveryDetailsFragment['attempts'];

/** What to do about each outcome, for whoever runs the receiver. */
const advice: Readonly<Record<AttemptOutcome, string | undefined>> = {
  SUCCEEDED: undefined,
  HTTP_STATUS:
    'The receiver took it and refused: look into its log for this time. Any status from 200 to 299 is a yes.',
  TIMEOUT: 'The receiver was too slow: answer first, and do the work afterwards.',
  CONNECTION_FAILED: 'Nobody listened at the address: is the receiver up, and does its firewall let us in?',
  CONNECTION_RESET: 'The receiver, or a proxy before it, hung up in the middle of the request.',
  DNS_FAILED: 'The host’s name leads nowhere: check the URL and its DNS records.',
  TLS_FAILED: 'The certificate is not valid for this host, has ended, or its chain is not whole.',
  INVALID_RESPONSE: 'What answered does not speak HTTP: check the port.',
  RESPONSE_TOO_LARGE: 'The answer is larger than is read: answer with an empty body.',
  BLOCKED_ADDRESS: 'The host leads to an address that is never sent to, such as a private one.',
  INTERRUPTED: 'Our own process stopped before the answer came. It does not count, and it was tried again.',
};

/** The attempts side by side: what was asked, what was answered, and what to do about it. */
export function Attempts({ attempts }: Readonly<{ attempts: Attempts }>) {
  if (attempts.length === 0) return null;
  return (
    <section aria-label="Attempts">
      <h2>Attempts</h2>
      <div className="side-by-side">
        {attempts.map((attempt) => (
          <Attempt key={attempt.id} attempt={attempt} />
        ))}
      </div>
    </section>
  );
}

function Attempt({ attempt }: Readonly<{ attempt: Attempts[number] }>) {
  const title = `Attempt ${attempt.number}`;
  const { outcome, responseStatus } = attempt;
  const help = advice[outcome];
  return (
    <section aria-label={title} className={outcome === 'SUCCEEDED' ? 'attempt is-good' : 'attempt is-bad'}>
      <h3>{title}</h3>
      <dl className="facts">
        <Fact name="Began">
          <Time at={attempt.startedAt} />
        </Fact>
        <Fact name="Outcome">
          {outcome === 'HTTP_STATUS' ? 'Refused' : wordsOf(outcome)}
          {responseStatus !== null && ` (${responseStatus})`}
        </Fact>
        {attempt.durationMs !== null && <Fact name="Took">{duration(attempt.durationMs)}</Fact>}
        {attempt.error !== null && <Fact name="What went wrong">{attempt.error}</Fact>}
        {help !== undefined && <Fact name="What to do">{help}</Fact>}
      </dl>
      {attempt.responseBody !== null && attempt.responseBody !== '' && (
        <Text name={`${title}: response body`} text={attempt.responseBody} />
      )}
      <Headers title={`${title}: response headers`} headers={attempt.responseHeaders} />
      <Headers title={`${title}: request headers`} headers={attempt.requestHeaders} />
    </section>
  );
}

function Headers(
  props: Readonly<{
    title: string;
    headers: readonly Readonly<{ name: string; value: string }>[] | null;
  }>,
) {
  const { title, headers } = props;
  if (headers === null || headers.length === 0) return null;
  const [, words = ''] = title.split(': ');
  return (
    <details>
      <summary>
        {words.charAt(0).toUpperCase() + words.slice(1)} <small>{headers.length}</small>
      </summary>
      <Text name={title} text={headers.map(({ name, value }) => `${name}: ${value}`).join('\n')} />
    </details>
  );
}
