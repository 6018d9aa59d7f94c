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
      'The endpoint was paused, and either its queue was full or the delivery had waited for the whole retention period.',
  },
  ENDPOINT_UNVERIFIED: { description: 'The endpoint was not verified.' },
  ENDPOINT_GONE: { description: 'The receiver answered with status 410, so the endpoint was disabled.' },
  ENDPOINT_DELETED: { description: 'The endpoint was deleted before the delivery was sent.' },
  INSTALLATION_REVOKED: { description: 'The tenant uninstalled the app before the delivery was sent.' },
  TENANT_SUSPENDED: { description: 'The tenant is suspended.' },
  BLOCKED_ADDRESS: {
    description:
      "The URL's host resolves to an address that Heliograph never connects to, such as a private one.",
  },
  CANCELLED: {
    description:
      'The delivery was cancelled or purged before it was sent, or it waited for the whole retention period.',
  },
  REJECTED: { description: 'The receiver answered with a status that is in the endpoint’s `stopOn`.' },
  RETRIES_EXHAUSTED: { description: 'Every attempt of the retry schedule failed.' },
};

export const FailureReason = builder.enumType('FailureReason', {
  description: 'Why a delivery ended without success.',
  values: reasons,
});

const kinds: Record<Kind, { description: string }> = {
  EVENT: { description: 'Created when the event was published.' },
  REPLAY: {
    description: 'Created by a replay. It has the same event and the same `webhook-id` as the original.',
  },
  TEST: { description: 'Created by `testEndpoint`. It has the header `webhook-test: true`.' },
};

export const DeliveryKind = builder.enumType('DeliveryKind', {
  description: 'Whether a delivery was created by a published event, a replay or a test.',
  values: kinds,
});

const outcomes: Record<Outcome, { description: string }> = {
  SUCCEEDED: { description: 'The receiver answered with a 2xx status within the deadline.' },
  HTTP_STATUS: {
    description: 'The receiver answered with a status other than 2xx. Redirects are not followed.',
  },
  TIMEOUT: { description: 'The answer was not complete within the deadline.' },
  DNS_FAILED: { description: "The URL's host has no address." },
  CONNECTION_FAILED: { description: 'No connection could be made.' },
  TLS_FAILED: {
    description: 'The TLS connection was refused, for example because of an invalid certificate.',
  },
  CONNECTION_RESET: { description: 'The connection was closed before the answer was complete.' },
  RESPONSE_TOO_LARGE: { description: 'The answer was larger than Heliograph reads.' },
  INVALID_RESPONSE: { description: 'The answer was not HTTP.' },
  BLOCKED_ADDRESS: {
    description:
      'The address is one that Heliograph never connects to, such as a private one. Nothing was sent.',
  },
  INTERRUPTED: {
    description:
      'The sending process stopped before an answer came. The attempt does not count towards the retry schedule.',
  },
};

export const AttemptOutcome = builder.enumType('AttemptOutcome', {
  description: 'The result of one attempt.',
  values: outcomes,
});

/** The column is text. A value that the enum does not have is an internal error, and is never shown as null. */
export function failureReasonOf(text: string | null): Reason | null {
  return text === null ? null : known(failureReasons, text);
}

export const attemptOutcomeOf = (text: string): Outcome => known(attemptOutcomes, text);

function known<Name extends string>(names: readonly Name[], text: string): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new Error(`The database holds a value that the enum does not have: ${text}`);
  return found;
}
