import { deliveryStatuses } from '../change.ts';
import { type Change, type DeliveryStatus, fileStore, UsageError } from '../node.ts';
import { coloured, listOf, printable, type Session } from './session.ts';

export type Narrowing = Readonly<{ status?: string; endpoint?: string; type?: string }>;

/** The filter from the options of a command; undefined if there are none. */
export function filterOf({ status, endpoint, type }: Narrowing) {
  const filter = {
    ...(status === undefined ? {} : { status: statusesOf(status) }),
    ...(endpoint === undefined ? {} : { endpointId: listOf(endpoint) ?? [] }),
    ...(type === undefined ? {} : { eventType: listOf(type) ?? [] }),
  };
  return Object.keys(filter).length === 0 ? undefined : filter;
}

function statusesOf(text: string): DeliveryStatus[] {
  const names = listOf(text.toUpperCase(), deliveryStatuses) ?? [];
  return deliveryStatuses.filter((status) => names.includes(status));
}

export function positionOf(text: string | undefined): number | 'head' | 'oldest' {
  if (text === undefined || text === 'head') return 'head';
  if (text === 'oldest') return text;
  const position = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(position)) return position;
  throw new UsageError(`"${printable(text)}" is no position: give a number from 0, or oldest.`);
}

/** `heliograph tail`: the live log, one line for each change. */
export async function tail(
  session: Session,
  options: Narrowing & Readonly<{ after?: string; state?: string }>,
): Promise<void> {
  const { signal } = session;
  let position: number | undefined;
  const common = {
    after: positionOf(options.after),
    filter: filterOf(options),
    signal,
    onState: (state: string, reason?: string) =>
      session.tell(reason === undefined ? `[${state}]` : `[${state}] ${printable(reason)}`),
  };
  const show = (change: Change) => {
    position = change.position;
    session.print(change, lineOf(change));
  };
  if (options.state === undefined) for await (const change of session.heliograph.log(common)) show(change);
  else await session.heliograph.follow(show, { ...common, store: fileStore(options.state) });
  if (position !== undefined) session.tell(`Stopped after position ${position}.`);
}

function lineOf(change: Change): string {
  const { position, occurredAt, status, eventType, deliveryId, responseStatus, failureReason } = change;
  const why = [responseStatus, failureReason].filter((part) => part !== null).join(' ');
  return `${position}  ${occurredAt}  ${coloured(status)}  ${printable(eventType)}  ${deliveryId}  ${why}`.trimEnd();
}
