import { randomBytes } from 'node:crypto';
import { databaseNow } from '../clock.ts';
import { BLOCKED_ADDRESS_MESSAGE } from '../egress/check-url.ts';
import type { Sender, SendResult } from '../egress/send.ts';
import { encodeId, mintUuid } from '../ids.ts';
import { requestHeaders } from '../sending/request-headers.ts';
import type { OwnHeader } from '../sending/sealed-headers.ts';
import type { SigningKey } from '../signing/sign.ts';

/** The limit for an answer, which is one short JSON object. The rest of a longer answer is not read. */
const maxAnswerChars = 4_000;
/** A timer may fire slightly before the clock shows its time. */
const timerSlackMs = 5;
const challengeBytes = 32;

export type HandshakeOutcome = Readonly<{ verified: true } | { verified: false; reason: string }>;

export type HandshakeRequest = Readonly<{
  url: string;
  /** The endpoint's valid secrets, newest first. */
  secrets: readonly SigningKey[];
  timeoutMs: number;
  userAgent: string;
  /** The endpoint's own headers. */
  headers: readonly OwnHeader[];
  headerPrefix: string | undefined;
  signal?: AbortSignal;
}>;

/**
 * Asks the receiver at the URL to prove that it wants this service's webhooks. A signed POST contains a challenge,
 * and the answer must be a 2xx with a JSON object whose top-level `challenge` is the same. A page that only shows
 * what it was sent is no proof, so the content type and the position are checked.
 *
 * The challenge is created for this request and not stored, so no answer can be used again for another endpoint or
 * another URL. The reason of a failure is for the endpoint's owner. It repeats nothing of the answer except its
 * status, because an owner must not be able to use it to read what is served at an address.
 */
export async function shakeHands(sender: Sender, request: HandshakeRequest): Promise<HandshakeOutcome> {
  const challenge = randomBytes(challengeBytes).toString('base64url');
  const id = encodeId('Event', mintUuid());
  const body = JSON.stringify({
    type: 'endpoint.verification',
    challenge,
    timestamp: new Date(databaseNow()).toISOString(),
  });
  const result = await sender.send({
    url: request.url,
    headers: () =>
      requestHeaders(
        { id, timestamp: Math.floor(databaseNow() / 1000), body },
        {
          keys: request.secrets,
          userAgent: request.userAgent,
          own: request.headers,
          headerPrefix: request.headerPrefix,
        },
      ),
    body,
    timeoutMs: request.timeoutMs,
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  const reason = whyRefused(result, { challenge, timeoutMs: request.timeoutMs });
  return reason === undefined ? { verified: true } : { verified: false, reason };
}

function whyRefused(
  result: SendResult,
  { challenge, timeoutMs }: { challenge: string; timeoutMs: number },
): string | undefined {
  const seconds = `${timeoutMs / 1000} s`;
  if (result.kind === 'failure') {
    if (result.outcome === 'TIMEOUT') return `The endpoint did not answer within ${seconds}.`;
    if (result.outcome === 'BLOCKED_ADDRESS') return BLOCKED_ADDRESS_MESSAGE;
    return `The endpoint gave no valid answer: ${result.error}.`;
  }
  if (result.status >= 300 && result.status < 400) {
    return `The endpoint answered with a redirect (${result.status}). Redirects are not followed.`;
  }
  if (result.status < 200 || result.status > 299) {
    return `The endpoint answered with status ${result.status}; it must be 2xx.`;
  }
  if (result.durationMs >= timeoutMs - timerSlackMs) return `The answer was not complete within ${seconds}.`;
  if (result.body.length > maxAnswerChars) {
    return 'The answer is too long. It must be a JSON object with the challenge and little else.';
  }
  if (!isJson(result.headers.find(({ name }) => name === 'content-type')?.value)) {
    return 'The content type of the answer must be application/json.';
  }
  return whyNoProof(result.body, challenge);
}

function whyNoProof(body: string, challenge: string): string | undefined {
  let answer: unknown;
  try {
    // RFC 8259, section 8.1: a parser may ignore a byte order mark.
    answer = JSON.parse(body.replace(/^\ufeff/, ''));
  } catch {
    return 'The body of the answer is not JSON.';
  }
  if (typeof answer !== 'object' || answer === null || !('challenge' in answer)) {
    return 'The answer has no `challenge` at its top level.';
  }
  return answer.challenge === challenge
    ? undefined
    : 'The `challenge` in the answer is not the one that was sent.';
}

/** `application/json` and similar types (`application/problem+json`), with or without parameters. */
function isJson(contentType: string | undefined): boolean {
  return /^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(contentType?.trim() ?? '');
}
