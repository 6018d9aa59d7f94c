import { createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RequestError, UsageError } from '../node.ts';
import { documents, listenSelection } from './documents.ts';
import { printable, type Session } from './session.ts';
import { filterOf, type Narrowing, positionOf } from './tail.ts';

type Event = { id: string; type: string; payloadText: string; occurredAt: string };
type Seen = { position: number; previousStatus: string | null; delivery: { event: Event | null } | null };

const answerWithinMs = 15_000;
const mostWaitMs = 15_000;
/** The number of events that are remembered, because an event has a delivery for every endpoint but is shown once. */
const mostRemembered = 50_000;

/**
 * `heliograph listen`: sends the tenant's new deliveries to a receiver on this machine, as an endpoint would get
 * them.
 */
export async function listen(
  session: Session,
  options: Narrowing & Readonly<{ forward: string; after?: string; resend?: string }>,
): Promise<boolean> {
  const { heliograph, signal } = session;
  const url = URL.canParse(options.forward) ? new URL(options.forward) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError('--forward takes a URL such as http://localhost:3000/hook.');
  }
  const after = positionOf(options.after);
  const filter = filterOf(options);
  const secret = await keptSecret();
  const counts = { sent: 0, failed: 0 };
  if (session.isJson) session.print({ signingSecret: secret }, '');
  else session.tell(`Signing secret: ${secret}`);
  const show = async (event: Event, position?: number) => {
    const status = await forward(session, { url, secret, event });
    if (status === undefined) return false;
    counts[status >= 200 && status < 300 ? 'sent' : 'failed'] += 1;
    if (session.isJson) session.print({ position, eventId: event.id, type: event.type, status }, '');
    return true;
  };
  if (options.resend !== undefined) {
    const isSent = await show(await findEvent(session, options.resend));
    return isSent && counts.failed === 0;
  }
  session.tell(`Forwarding to ${url.href}`);
  const seen = new Set<string>();
  let position: number | undefined;
  const onState = (state: string, reason = '') => session.tell(`[${state}] ${printable(reason)}`.trimEnd());
  for await (const change of heliograph.log<Seen>({
    after,
    filter,
    select: listenSelection,
    signal,
    onState,
  })) {
    const event = change.delivery?.event;
    if (change.previousStatus === null && event != null && !seen.has(event.id)) {
      seen.add(event.id);
      for (const oldest of seen) {
        if (seen.size <= mostRemembered) break;
        seen.delete(oldest);
      }
      if (!(await show(event, change.position))) break;
    }
    position = change.position;
  }
  session.tell(
    `${counts.sent} accepted, ${counts.failed} refused.${position === undefined ? '' : ` Stopped after position ${position}: go on with --after ${position}.`}`,
  );
  return true;
}

/** Sends until the receiver answers; undefined if Ctrl-C came first. */
async function forward(
  session: Session,
  { url, secret, event }: { url: URL; secret: string; event: Event },
): Promise<number | undefined> {
  const body = `{"type":${JSON.stringify(event.type)},"timestamp":${JSON.stringify(event.occurredAt)},"data":${event.payloadText}}`;
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  for (let waitMs = 500; !session.signal.aborted; waitMs = Math.min(mostWaitMs, waitMs * 2)) {
    const timestamp = Math.floor(Date.now() / 1_000);
    const signature = createHmac('sha256', key).update(`${event.id}.${timestamp}.${body}`).digest('base64');
    const startedAt = performance.now();
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.any([session.signal, AbortSignal.timeout(answerWithinMs)]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'Heliograph/listen',
          'webhook-id': event.id,
          'webhook-timestamp': String(timestamp),
          'webhook-signature': `v1,${signature}`,
        },
        body,
      });
      await response.body?.cancel();
      if (!session.isJson) {
        console.log(
          `${response.status}  ${Math.round(performance.now() - startedAt)} ms  ${printable(event.type)}  ${event.id}`,
        );
      }
      return response.status;
    } catch (error) {
      if (session.signal.aborted) return undefined;
      const why = Object(Object(error).cause).code ?? Object(error).name;
      session.tell(`The receiver does not answer (${String(why)}). Trying again in ${waitMs / 1_000} s.`);
      await sleep(waitMs, undefined, { signal: session.signal }).catch(() => undefined);
    }
  }
  return undefined;
}

async function findEvent({ heliograph }: Session, id: string): Promise<Event> {
  const data = id.startsWith('dlv_')
    ? await heliograph.query<{ delivery: { event: Event | null } | null }>(documents.eventOfDelivery, { id })
    : {
        delivery: await heliograph.query<{ event: Event | null }>(documents.event, { id }),
      };
  const event = data.delivery?.event;
  if (event == null)
    throw new RequestError(
      'NOT_FOUND',
      `There is no event or delivery ${printable(id)} that this credential may see.`,
    );
  return event;
}

/** The secret of this machine. It is created once, so that a receiver always has the same secret. */
async function keptSecret(): Promise<string> {
  const path = join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'heliograph', 'listen-secret');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const made = `whsec_${randomBytes(32).toString('base64')}`;
  // Two processes that start at the same time use the secret that was written first.
  await writeFile(path, made, { flag: 'wx', mode: 0o600 }).catch(() => undefined);
  const kept = (await readFile(path, 'utf8')).trim();
  if (/^whsec_[A-Za-z0-9+/]{32,}=*$/.test(kept)) return kept;
  throw new UsageError(`${path} does not hold a signing secret. Remove it to make another.`);
}
