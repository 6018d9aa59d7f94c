import { databaseNow } from '../clock.ts';
import { userAgent } from '../config.ts';
import type { Sender } from '../egress/send.ts';
import { encodeId } from '../ids.ts';
import { openHeaders } from '../sending/endpoint-headers.ts';
import { Redaction } from '../sending/redaction.ts';
import { requestHeaders } from '../sending/request-headers.ts';
import type { OwnHeader } from '../sending/sealed-headers.ts';
import type { SigningSecrets } from '../sending/signing-secrets.ts';
import type { SigningKey } from '../signing/sign.ts';
import type { ClaimedRow } from './claim.ts';
import type { Outcome } from './decide.ts';

/**
 * One attempt: POSTs the event's body, signed for the moment at which it is sent (standardwebhooks.com). The id is the
 * event's, and it is the same on every attempt and replay, so that a receiver can ignore repetitions. Success is a 2xx
 * status in time. Everything else, including anything that is thrown, is a failed attempt of this delivery.
 */
export async function attempt(
  sender: Sender,
  row: ClaimedRow,
  options: {
    body: string;
    keys: readonly SigningKey[];
    /** The owner's headers. They never replace one of ours. */
    extra?: () => readonly OwnHeader[];
    /** The headers that hand the trace on. */
    trace?: Readonly<Record<string, string>> | undefined;
    /** By the database's clock. */
    startedAt: Date;
    timeoutMs: number;
    signal: AbortSignal;
    /** Whether it must no longer be sent, because another worker may send it. */
    isLate?: () => boolean;
  },
): Promise<Outcome> {
  const { startedAt } = options;
  const began = performance.now();
  try {
    if (options.keys.length === 0)
      throw new Error('An attempt needs at least one signing key, because nothing is sent unsigned.');
    const extra = options.extra?.() ?? [];
    const id = encodeId('Event', row.event_id);
    const signing = {
      keys: options.keys,
      userAgent,
      own: extra,
      trace: options.trace,
      headerPrefix: row.sending?.headerPrefix,
    };
    let sent: Record<string, string> | undefined;
    const result = await sender.send({
      url: row.url ?? '',
      headers: () => {
        // By the database's clock, because a host with a wrong one would sign times that receivers refuse.
        const timestamp = Math.floor(databaseNow() / 1000);
        sent = requestHeaders({ id, timestamp, body: options.body }, signing);
        if (row.kind === 'TEST') sent['webhook-test'] = 'true';
        return sent;
      },
      body: options.body,
      timeoutMs: options.timeoutMs,
      signal: options.signal,
      isLate: options.isLate,
    });
    const redaction = new Redaction(sent ?? {}, extra);
    if (result.kind === 'failure') {
      return {
        outcome: result.outcome,
        startedAt,
        durationMs: result.durationMs,
        responseStatus: result.status,
        responseBody: undefined,
        responseHeaders: undefined,
        requestHeaders: sent === undefined ? undefined : redaction.request(),
        error: result.error,
        reconnected: false,
      };
    }
    const succeeded = result.status >= 200 && result.status < 300;
    return {
      outcome: succeeded ? 'SUCCEEDED' : 'HTTP_STATUS',
      startedAt,
      durationMs: result.durationMs,
      responseStatus: result.status,
      responseBody: redaction.text(result.body),
      responseHeaders: redaction.response(result.headers),
      requestHeaders: redaction.request(),
      error: succeeded ? undefined : `The receiver answered with status ${result.status}.`,
      reconnected: result.reconnected,
    };
  } catch {
    return {
      outcome: 'CONNECTION_FAILED',
      startedAt,
      durationMs: performance.now() - began,
      responseStatus: undefined,
      responseBody: undefined,
      responseHeaders: undefined,
      requestHeaders: undefined,
      error: 'The request could not be made.',
      reconnected: false,
    };
  }
}

/** Throws if a secret header cannot be opened. Then nothing is sent without it. */
export function ownHeaders(row: ClaimedRow, secrets: SigningSecrets): readonly OwnHeader[] {
  const { owner_id: ownerId, endpoint_id: endpointId, sending } = row;
  return openHeaders(secrets, { ownerId, endpointId }, sending?.headers);
}
