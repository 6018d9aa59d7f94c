import { logHeadQuery } from '../document.ts';
import { act } from './act.ts';
import { refuseSearch, type Search } from './deliveries.ts';
import { documents } from './documents.ts';
import { followToEnd, payloadOf } from './publish.ts';
import { coloured, type Session } from './session.ts';

type Sent = Readonly<{ delivery: { id: string; status: string; event: { id: string } | null } }>;

/** `heliograph test`: sends a test event to one endpoint. Returns whether it succeeded, where that was watched. */
export async function testEndpoint(
  session: Session,
  id: string,
  options: Readonly<{ type?: string; payload?: string; watch?: boolean }>,
): Promise<boolean> {
  const { type, payload } = options;
  const input = {
    id,
    ...(type === undefined ? {} : { eventType: type }),
    ...(payload === undefined ? {} : { payload: JSON.parse(await payloadOf(payload)) }),
  };
  return await sendAndWatch(session, options.watch, () => act<Sent>(session, documents.test, { input }));
}

/** `heliograph replay dlv_…`: sends one delivery again. */
export async function replayOne(
  session: Session,
  id: string,
  options: Search & Readonly<{ force?: boolean; watch?: boolean; key?: string; yes?: boolean }>,
): Promise<boolean> {
  refuseSearch(options);
  const input = {
    id,
    force: options.force === true,
    ...(options.key === undefined ? {} : { idempotencyKey: options.key }),
  };
  return await sendAndWatch(session, options.watch, () => act<Sent>(session, documents.replayOne, { input }));
}

async function sendAndWatch(
  session: Session,
  watch: boolean | undefined,
  send: () => Promise<Sent>,
): Promise<boolean> {
  // The position is read first, so that no change of the delivery can be missed.
  const { logHead } =
    watch === true ? await session.heliograph.query<{ logHead: number }>(logHeadQuery) : { logHead: 0 };
  const { delivery } = await send();
  session.print(
    delivery,
    `${delivery.id}  ${coloured(delivery.status)}  ${delivery.event?.id ?? ''}`.trimEnd(),
  );
  if (watch !== true) return true;
  const results = new Map<string, string>();
  await followToEnd(session, { after: logHead, filter: { id: [delivery.id] }, expected: 1, results });
  return results.get(delivery.id) === 'SUCCEEDED';
}
