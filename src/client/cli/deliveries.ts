import { UsageError } from '../node.ts';
import { documents } from './documents.ts';
import { instantOf, printable, type Session, table } from './session.ts';
import { filterOf, type Narrowing } from './tail.ts';

/** What `deliveries` and `replay` can look for, beside what `tail` can. */
export type Search = Narrowing &
  Readonly<{ since?: string; until?: string; answered?: string; error?: string }>;

/** The filter of a list from the options of a command. */
export function searchOf({ since, until, answered, error, ...narrowing }: Search) {
  const createdAfter = instantOf(since);
  const createdBefore = instantOf(until);
  return {
    ...filterOf(narrowing),
    ...(createdAfter === undefined ? {} : { createdAfter }),
    ...(createdBefore === undefined ? {} : { createdBefore }),
    ...(answered === undefined ? {} : { responseStatus: answered.split(',').map(statusOf) }),
    ...(error === undefined ? {} : { errorContains: error }),
  };
}

/** Refuses the options of a search where one delivery is named by its id. */
export function refuseSearch(options: Search): void {
  for (const option of ['endpoint', 'type', 'status', 'since', 'until', 'answered', 'error'] as const) {
    if (options[option] !== undefined)
      throw new UsageError(`--${option} is for all that match: do not name an id beside it.`);
  }
}

function statusOf(text: string): number {
  if (/^[1-5]\d\d$/.test(text.trim())) return Number(text);
  throw new UsageError(`"${printable(text)}" is no status of an answer: give numbers such as 503,422.`);
}

/** Counts what matches and says it, before anything is asked. */
export async function countMatching(
  session: Session,
  filter: object,
  may: string,
): Promise<{ count: number; many: string }> {
  const { deliveryCount } = await session.heliograph.query<{
    deliveryCount: { count: number; isCapped: boolean };
  }>(documents.deliveryCount, { filter });
  const { count, isCapped } = deliveryCount;
  const many = `${isCapped ? 'more than ' : ''}${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
  session.print({ matched: count, isCapped }, `${many} ${may}.`);
  return { count, many };
}

type Row = {
  id: string;
  status: string;
  failureReason: string | null;
  eventType: string;
  createdAt: string;
  attemptCount: number;
  endpoint: { id: string };
};
type Page = { deliveries: { nodes: Row[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } };

const usual = 20;
const most = 10_000;

/** `heliograph deliveries`: the newest that match, page by page until there are enough. */
export async function showDeliveries(
  session: Session,
  options: Search & Readonly<{ limit?: string }>,
): Promise<void> {
  const { limit = String(usual) } = options;
  const wanted = /^\d{1,5}$/.test(limit) ? Number(limit) : Number.NaN;
  if (!(wanted >= 1 && wanted <= most)) throw new UsageError(`--limit takes a number from 1 to ${most}.`);
  const filter = searchOf(options);
  const rows: Row[] = [];
  for (let after: string | null = null; rows.length < wanted && !session.signal.aborted; ) {
    const first = Math.min(100, wanted - rows.length);
    // A search that stopped early gives a short page and a cursor, from which the next page goes on.
    const { deliveries }: Page = await session.heliograph.query<Page>(documents.deliveries, {
      filter,
      first,
      after,
    });
    rows.push(...deliveries.nodes);
    if (session.isJson) for (const row of deliveries.nodes) session.print(row, '');
    after = deliveries.pageInfo.endCursor;
    if (!deliveries.pageInfo.hasNextPage || after === null) break;
  }
  if (session.isJson) return;
  if (rows.length === 0) return session.tell('No delivery matches.');
  session.print(
    rows,
    table(
      ['DELIVERY', 'STATUS', 'REASON', 'ATTEMPTS', 'TYPE', 'CREATED', 'ENDPOINT'],
      rows.map((row) => [
        row.id,
        row.status,
        row.failureReason,
        row.attemptCount,
        row.eventType,
        row.createdAt,
        row.endpoint.id,
      ]),
    ),
  );
}
