import { Link } from 'wouter';
import { Status } from '../parts/status.tsx';
import { Time } from '../parts/time.tsx';
import type { NewestChangeFragment } from './generated/graphql.ts';

/** The newest changes, with their positions in the log. */
export function NewestChanges({ changes }: Readonly<{ changes: readonly NewestChangeFragment[] }>) {
  return (
    <section aria-labelledby="newest">
      <h2 id="newest">Last changes</h2>
      {changes.length === 0 && <p className="hint">Nothing has changed yet.</p>}
      <ul className="plain-list newest">
        {changes.map(({ position, deliveryId, eventType, status, responseStatus, occurredAt }) => (
          <li key={position}>
            <span className="position" title="Its position in the log">
              {position}
            </span>
            <Link href={`/deliveries/${deliveryId}`}>{eventType}</Link>
            <span>
              <Status status={status} />
              {responseStatus !== null && <small> {responseStatus}</small>}
            </span>
            <Time at={occurredAt} />
          </li>
        ))}
      </ul>
    </section>
  );
}
