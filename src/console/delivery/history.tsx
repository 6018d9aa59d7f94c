import { Status, wordsOf } from '../parts/status.tsx';
import { duration, Time } from '../parts/time.tsx';
import type { DeliveryDetailsFragment } from './generated/graphql.ts';

type Changes = DeliveryDetailsFragment['history'];

/** Every change of the delivery's status as a chain, each at its position in the log. */
export function History({ changes }: Readonly<{ changes: Changes }>) {
  if (changes.length === 0) return null;
  return (
    <section aria-label="History">
      <h2>History</h2>
      <ol className="chain">
        {changes.map((change, index) => {
          const before = changes[index - 1];
          const passedMs =
            before === undefined ? undefined : Date.parse(change.occurredAt) - Date.parse(before.occurredAt);
          return (
            <li key={change.position}>
              <span className="link-position" title="Its position in the log">
                {change.position}
              </span>
              <span>
                <Status status={change.status} />
                {change.responseStatus !== null && <small> answer {change.responseStatus}</small>}
                {change.failureReason !== null && (
                  <small> {wordsOf(change.failureReason).toLowerCase()}</small>
                )}
              </span>
              <span className="link-time">
                <Time at={change.occurredAt} />
                {passedMs !== undefined && <small> after {duration(passedMs)}</small>}
              </span>
            </li>
          );
        })}
      </ol>
      <p className="hint">
        The numbers are positions in your log, which has no gap: those between belong to other deliveries.
      </p>
    </section>
  );
}
