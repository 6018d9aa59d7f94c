import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { LogFilter } from '../change.ts';
import { logHeadQuery } from '../document.ts';
import { UsageError } from '../node.ts';
import { documents } from './documents.ts';
import { coloured, type Session } from './session.ts';

const ended = ['SUCCEEDED', 'FAILED', 'DEAD_LETTER'];

/** `heliograph publish`. Returns whether it succeeded. */
export async function publish(
  session: Session,
  type: string,
  options: Readonly<{ payload?: string; key?: string; watch?: boolean }>,
): Promise<boolean> {
  const { heliograph, signal } = session;
  const payloadText = await payloadOf(options.payload ?? '{}');
  // The position is read first, so that no change of the event can be missed.
  const { logHead } =
    options.watch === true ? await heliograph.query<{ logHead: number }>(logHeadQuery) : { logHead: 0 };
  const { events } = await heliograph.publish(
    [{ type, payloadText, ...(options.key === undefined ? {} : { idempotencyKey: options.key }) }],
    { signal },
  );
  const [published] = events;
  if (published === undefined) throw new Error('The server has published nothing.');
  const { event, isDuplicate, deliveryCount } = published;
  session.print(
    { eventId: event.id, isDuplicate, deliveryCount },
    `${event.id}  ${deliveryCount} ${deliveryCount === 1 ? 'delivery' : 'deliveries'}${isDuplicate ? '  (published before, not again)' : ''}`,
  );
  if (options.watch !== true || deliveryCount === 0) return true;
  // If the event was published before, its changes may be in the past, so the current state of its deliveries is read
  // first.
  const results = new Map<string, string>();
  if (isDuplicate) {
    for (const { id, status } of await deliveriesOf(session, event.id))
      if (ended.includes(status)) results.set(id, status);
  }
  if (results.size < deliveryCount) {
    const filter = { eventId: [event.id] };
    await followToEnd(session, { after: logHead, filter, expected: deliveryCount, results });
  }
  return results.size >= deliveryCount && [...results.values()].every((status) => status === 'SUCCEEDED');
}

/** Shows the changes that match and notes how deliveries end, until as many have ended as are expected. */
export async function followToEnd(
  { heliograph, signal, print }: Session,
  options: Readonly<{ after: number; filter: LogFilter; expected: number; results: Map<string, string> }>,
): Promise<void> {
  const { after, filter, expected, results } = options;
  for await (const change of heliograph.log({ after, filter, signal })) {
    print(
      change,
      `${change.position}  ${coloured(change.status)}  ${change.deliveryId}  ${change.responseStatus ?? change.failureReason ?? ''}`.trimEnd(),
    );
    if (ended.includes(change.status)) results.set(change.deliveryId, change.status);
    if (results.size >= expected) break;
  }
}

async function deliveriesOf({ heliograph }: Session, eventId: string) {
  const data = await heliograph.query<{ deliveries: { nodes: { id: string; status: string }[] } }>(
    documents.deliveriesOfEvent,
    {
      id: [eventId],
    },
  );
  return data.deliveries.nodes;
}

export async function payloadOf(given: string): Promise<string> {
  const text =
    given === '-'
      ? await readAll(process.stdin)
      : given.startsWith('@')
        ? await fromFile(given.slice(1))
        : given;
  try {
    JSON.parse(text);
    return text.trim();
  } catch {
    throw new UsageError('The payload is not JSON. Give JSON, @FILE, or - for standard input.');
  }
}

async function fromFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`The payload file ${path} cannot be read: ${String(Object(error).code)}.`);
  }
}
