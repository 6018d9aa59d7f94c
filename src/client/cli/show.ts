import { RequestError } from '../node.ts';
import { documents } from './documents.ts';
import { coloured, printable, type Session, table } from './session.ts';
import { type Endpoint, endpointText } from './show-endpoint.ts';

type Row = Pick<Endpoint, 'id' | 'url' | 'state' | 'events' | 'description' | 'circuit'>;

/** `heliograph endpoints`: all endpoints, page by page. */
export async function showEndpoints(
  { heliograph, print, isJson }: Session,
  options: Readonly<{ failingFirst?: boolean }>,
): Promise<void> {
  const orderBy = options.failingFirst === true ? 'FAILING_FIRST' : 'NEWEST_FIRST';
  const endpoints: Row[] = [];
  for (let after: string | null = null; ; ) {
    type Page = {
      endpoints: { nodes: Row[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
    };
    const page: Page = await heliograph.query<Page>(documents.endpoints, { after, orderBy });
    endpoints.push(...page.endpoints.nodes);
    after = page.endpoints.pageInfo.endCursor;
    if (!page.endpoints.pageInfo.hasNextPage) break;
  }
  if (isJson) for (const endpoint of endpoints) print(endpoint, '');
  else print(endpoints, endpointTable(endpoints));
}

const endpointTable = (endpoints: readonly Row[]) =>
  table(
    ['ENDPOINT', 'STATE', 'CIRCUIT', 'EVENTS', 'URL'],
    endpoints.map(({ id, state, circuit, events, url }) => [
      id,
      state.name,
      circuit.state,
      events.join(','),
      url,
    ]),
  );

/** `heliograph endpoint`: one endpoint with its last deliveries. */
export async function showEndpoint({ heliograph, print }: Session, id: string): Promise<void> {
  type Sent = { id: string; status: string; eventType: string; createdAt: string; attemptCount: number };
  const { endpoint } = await heliograph.query<{
    endpoint: (Endpoint & { deliveries: { nodes: Sent[] } }) | null;
  }>(documents.endpoint, { id });
  if (endpoint === null) throw notThere('endpoint', id);
  const rows = endpoint.deliveries.nodes.map((row) => [
    row.id,
    row.status,
    row.attemptCount,
    row.eventType,
    row.createdAt,
  ]);
  print(
    endpoint,
    `${endpointText(endpoint)}\n\n${table(['DELIVERY', 'STATUS', 'ATTEMPTS', 'TYPE', 'CREATED'], rows)}`,
  );
}

/** `heliograph delivery`: one delivery with all attempts. */
export async function showDelivery({ heliograph, print }: Session, id: string): Promise<void> {
  type Attempt = {
    number: number;
    outcome: string;
    responseStatus: number | null;
    error: string | null;
    durationMs: number | null;
    startedAt: string;
  };
  type Delivery = {
    id: string;
    status: string;
    failureReason: string | null;
    eventType: string;
    createdAt: string;
    nextAttemptAt: string | null;
    blockedBy: { id: string } | null;
    event: { id: string } | null;
    endpoint: { id: string; url: string };
    attempts: Attempt[];
  };
  const { delivery } = await heliograph.query<{ delivery: Delivery | null }>(documents.delivery, { id });
  if (delivery === null) throw notThere('delivery', id);
  const { status, failureReason, eventType, event, endpoint, nextAttemptAt, blockedBy } = delivery;
  const attempts = delivery.attempts.map((attempt) => [
    attempt.number,
    attempt.startedAt,
    attempt.outcome,
    attempt.responseStatus,
    attempt.durationMs === null ? '' : `${Math.round(attempt.durationMs)} ms`,
    attempt.error,
  ]);
  print(
    delivery,
    `${delivery.id}  ${coloured(status)}  ${failureReason ?? ''}
event     ${event?.id ?? 'past retention'}  ${printable(eventType)}
endpoint  ${endpoint.id}  ${printable(endpoint.url)}
${nextAttemptAt === null ? '' : `next      ${nextAttemptAt}\n`}${blockedBy === null ? '' : `waits for ${blockedBy.id}\n`}
${table(['ATTEMPT', 'STARTED', 'OUTCOME', 'ANSWER', 'TOOK', 'ERROR'], attempts)}`,
  );
}

/** `heliograph event-types`: the catalogue. */
export async function showEventTypes({ heliograph, print, isJson }: Session): Promise<void> {
  type EventType = { name: string; category: string; description: string };
  const { eventTypes } = await heliograph.query<{ eventTypes: EventType[] }>(documents.eventTypes);
  if (isJson) for (const eventType of eventTypes) print(eventType, '');
  else
    print(
      eventTypes,
      table(
        ['EVENT TYPE', 'CATEGORY', 'DESCRIPTION'],
        eventTypes.map(({ name, category, description }) => [name, category, description]),
      ),
    );
}

const notThere = (what: string, id: string) =>
  new RequestError('NOT_FOUND', `There is no ${what} ${printable(id)} that this credential may see.`);
