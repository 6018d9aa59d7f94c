import { builder } from '../graph/builder.ts';
import {
  attemptOutcomes,
  failureReasons,
  type AttemptOutcome as Outcome,
  type FailureReason as Reason,
} from '../status/status.ts';
import type { DeliveryKind as Kind } from '../tables.ts';

const reasons: Record<Reason, { description: string }> = {
  ENDPOINT_INACTIVE: { description: 'The endpoint was not active.' },
  ENDPOINT_PAUSED: {
    description:
      'The endpoint was paused, and its queue was full or the delivery as old as deliveries are kept.',
  },
  ENDPOINT_UNVERIFIED: { description: 'The endpoint had not shown that it wants our requests.' },
  ENDPOINT_GONE: { description: 'The receiver answered 410: the endpoint was switched off.' },
  ENDPOINT_DELETED: { description: 'The endpoint was deleted meanwhile.' },
  INSTALLATION_REVOKED: { description: "The tenant's installation of the app ended meanwhile." },
  TENANT_SUSPENDED: { description: 'The tenant is suspended.' },
  BLOCKED_ADDRESS: {
    description: "The URL's host leads to an address that is never dialled, such as a private one.",
  },
  CANCELLED: { description: 'Cancelled or purged before it had been sent.' },
  REJECTED: { description: 'The response’s status is in the endpoint’s `stopOn`.' },
  RETRIES_EXHAUSTED: { description: 'Every attempt of the retry schedule failed.' },
};

export const FailureReason = builder.enumType('FailureReason', {
  description: 'Why a delivery ended without success.',
  values: reasons,
});

const kinds: Record<Kind, { description: string }> = {
  EVENT: { description: 'Made when the event was published.' },
  REPLAY: { description: 'Made by a replay: the same event and `webhook-id` once more.' },
  TEST: { description: 'Made by `testEndpoint`; carries the header `webhook-test: true`.' },
};

export const DeliveryKind = builder.enumType('DeliveryKind', {
  description: 'What a delivery was made by.',
  values: kinds,
});

const outcomes: Record<Outcome, { description: string }> = {
  SUCCEEDED: { description: 'A 2xx status within the deadline.' },
  HTTP_STATUS: { description: 'Another status; redirects are not followed.' },
  TIMEOUT: { description: 'No whole answer within the deadline.' },
  DNS_FAILED: { description: "The URL's host has no address." },
  CONNECTION_FAILED: { description: 'No connection could be made.' },
  TLS_FAILED: { description: "The receiver's certificate or its TLS is not acceptable." },
  CONNECTION_RESET: { description: 'The connection ended before the answer did.' },
  RESPONSE_TOO_LARGE: { description: 'The answer was larger than is read.' },
  INVALID_RESPONSE: { description: 'The answer was not HTTP.' },
  BLOCKED_ADDRESS: { description: 'The address is never dialled, such as a private one. Nothing was sent.' },
  INTERRUPTED: {
    description:
      'The sending process stopped before an answer came; it does not count towards the retry schedule.',
  },
};

export const AttemptOutcome = builder.enumType('AttemptOutcome', {
  description: 'What came of one attempt.',
  values: outcomes,
});

/** The column is text: what is not of the enum is a fault of ours and never shown as null. */
export function failureReasonOf(text: string | null): Reason | null {
  return text === null ? null : known(failureReasons, text);
}

export const attemptOutcomeOf = (text: string): Outcome => known(attemptOutcomes, text);

function known<Name extends string>(names: readonly Name[], text: string): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Error(`The database holds a value that is not of the enum: ${text}`);
  return found;
}
