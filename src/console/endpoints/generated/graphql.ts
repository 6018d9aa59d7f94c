/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** Whether deliveries are sent to an endpoint at the moment. */
export type CircuitState =
  /** Deliveries are sent as they come. */
  | 'CLOSED'
  /** One delivery is being tried; its end decides. */
  | 'HALF_OPEN'
  /** The endpoint failed again and again: nothing is sent before `nextProbeAt`. */
  | 'OPEN';

/** What `createEndpoint` takes. */
export type CreateEndpointInput = {
  /** A note of your own. At most 1000 characters. */
  description?: string | null | undefined;
  /** What it subscribes to. 1 to 100 event type names, `comment.*` for a category, or `*` for all; none twice. At most 1,000 entries. */
  events: Array<string>;
  /** What the names of the id, timestamp and signature headers begin with, in attempts and in the handshake: `webhook-` or `svix-`. The signature is the same. Null is `webhook-`. */
  headerPrefix?: string | null | undefined;
  /** Sent with each attempt. At most 20 headers and 8,192 bytes of names and values, no name twice. In force from the next attempt on, for the handshake and for replays too. At most 1,000 entries. */
  headers?: Array<EndpointHeaderInput> | null | undefined;
  /** Makes a repetition safe: within 24 hours the same caller’s same key with the same input gets the first answer again instead of a second act. 1 to 255 printable ASCII characters; the header `Idempotency-Key` does the same. With another input, or while the first call still runs, the answer is an IdempotencyError. */
  idempotencyKey?: string | null | undefined;
  /** False: nothing is sent, and what is queued ends as FAILED (ENDPOINT_INACTIVE). */
  isActive?: boolean;
  /** 1 to 10000 deliveries a second; null is no limit. */
  maxDeliveriesPerSecond?: number | null | undefined;
  /** 1 to 20 whole numbers of seconds, the delay before each attempt, so their number is the number of attempts of deliveries that are created from now on. Together at most half of the retention, a spread of a fifth included. Each is spread by up to a fifth either way. Null is the server’s schedule. At most 1,000 entries. */
  retrySchedule?: Array<number> | null | undefined;
  /** A first secret of your own. `whsec_` and the base64 of 24 to 64 bytes (of an ASCII secret: of its characters). One that can be guessed is a ValidationError (WEAK). Absent or null: one is made. */
  secret?: string | null | undefined;
  /** Response statuses, 400 to 599, that end a delivery at once as FAILED (REJECTED) instead of being tried again; at most 100, none twice. 410 disables the endpoint in any case. At most 1,000 entries. */
  stopOn?: Array<number> | null | undefined;
  /** For a whole attempt: 1,000 to 60,000 milliseconds. Null is the server’s. */
  timeoutMs?: number | null | undefined;
  /** Where deliveries are POSTed to. At most 2,048 characters, http or https (https alone in production), no user name, no fragment; not an address that webhooks may not be sent to. */
  url: string;
};

/** Which deliveries. All conditions must hold; one that is null or absent is none; an empty list matches nothing. An id that is malformed or that somebody else owns matches nothing. A list costs the same however many deliveries there are where an index serves it: no condition or a window alone, `id`, `eventId`, `endpointId`, `eventType`, `status` without SUCCEEDED (with `endpointId`, `eventType` and a window too), `kind` without EVENT, `isReplayed: true`, and an app’s `tenant`. Any other condition is looked for from the newest delivery on: fast where it is common, slow where it is rare; a window bounds it. */
export type DeliveryFilter = {
  /** Created at this instant or later. */
  createdAfter?: string | null | undefined;
  /** Created before this instant. Must be later than `createdAfter`, else BAD_USER_INPUT. */
  createdBefore?: string | null | undefined;
  /** To any of these endpoints. At most 100 entries. */
  endpointId?: Array<string> | null | undefined;
  /** Of any of these events. Indexed. At most 100 entries. */
  eventId?: Array<string> | null | undefined;
  /** Any of these event types, by their exact names. At most 100 entries. */
  eventType?: Array<string> | null | undefined;
  /** Any of these deliveries. At most 100 entries. */
  id?: Array<string> | null | undefined;
  /** Whether a replay was made of it. In the live log `true` matches nothing: a change happens before any replay. */
  isReplayed?: boolean | null | undefined;
  /** Of any of these kinds. At most 100 entries. */
  kind?: Array<DeliveryKind> | null | undefined;
  /** Any of these statuses: the delivery's present one; in the live log, the one it changed to. At most 100 entries. */
  status?: Array<DeliveryStatus> | null | undefined;
  /** Of any of these tenants' events, by externalId: for an app's deliveries. The live log knows the tenants that exist when it is subscribed to. At most 100 entries. */
  tenant?: Array<string> | null | undefined;
};

/** What a delivery was made by. */
export type DeliveryKind =
  /** Made when the event was published. */
  | 'EVENT'
  /** Made by a replay: the same event and `webhook-id` once more. */
  | 'REPLAY'
  /** Made by `testEndpoint`; carries the header `webhook-test: true`. */
  | 'TEST';

/** Where a delivery stands. PENDING and RETRYING wait for an attempt; SUCCEEDED, FAILED and DEAD_LETTER are ends. */
export type DeliveryStatus =
  /** Every attempt of the retry schedule failed. Can be replayed. */
  | 'DEAD_LETTER'
  /** An attempt is under way and has lasted for over a second already. */
  | 'DELIVERING'
  /** Given up at once: `failureReason` says why. Can be replayed. */
  | 'FAILED'
  /** Queued for its first attempt. */
  | 'PENDING'
  /** An attempt failed; another is scheduled. */
  | 'RETRYING'
  /** The receiver answered with a 2xx status within the deadline. */
  | 'SUCCEEDED';

/** A header that is sent with each attempt. */
export type EndpointHeaderInput = {
  /** True: the value is sealed, never shown again, and redacted in attempts. */
  isSecret?: boolean;
  /** Letters, digits and !#$%&'*+-.^_`|~; at most 256 characters. Reserved are `host`, `connection`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade`, `http2-settings`, `expect`, `accept-encoding`, `user-agent`, `date`, `via`, `forwarded`, `cookie2`, and what begins with `content-`, `webhook-`, `svix-`, `proxy-` or `sec-`. */
  name: string;
  /** Printable ASCII with spaces and tabs between; no line break. */
  value: string;
};

/** A header that is sent with each attempt. */
export type EndpointHeaderUpdateInput = {
  /** True: the value is sealed, never shown again, and redacted in attempts. A value that is kept stays secret. */
  isSecret?: boolean;
  /** Letters, digits and !#$%&'*+-.^_`|~; at most 256 characters. Reserved are `host`, `connection`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade`, `http2-settings`, `expect`, `accept-encoding`, `user-agent`, `date`, `via`, `forwarded`, `cookie2`, and what begins with `content-`, `webhook-`, `svix-`, `proxy-` or `sec-`. */
  name: string;
  /** Printable ASCII with spaces and tabs between; no line break. Null or absent keeps the secret value that is stored under the name. */
  value?: string | null | undefined;
};

/** Whether deliveries are sent to an endpoint, and if not, what keeps them. */
export type EndpointStateName =
  /** Deliveries are sent as they come. */
  | 'ACTIVE'
  /** Heliograph set `isActive` to false: the receiver answered 410, or only failed for five days. Nothing is sent until somebody sets it to true. */
  | 'DISABLED'
  /** Somebody set `isActive` to false: nothing is sent until they set it to true. */
  | 'PAUSED'
  /** Active, and failing again and again: its circuit is not CLOSED. What is queued waits, and goes out by itself once a try succeeds. */
  | 'RESTING'
  /** Active, and its receiver has not answered the ownership handshake. Never where `REQUIRE_VERIFICATION` is false. */
  | 'UNVERIFIED';

/** What kind of expected failure it is. */
export type ErrorCode =
  /** The record's present state does not allow it. */
  | 'CONFLICT'
  /** The first call with this idempotency key is still running. */
  | 'IDEMPOTENCY_KEY_IN_PROGRESS'
  /** The idempotency key was used within the last 24 hours with another input. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** More than is allowed was asked for. */
  | 'LIMIT_EXCEEDED'
  /** There is no such record, or it belongs to somebody else. */
  | 'NOT_FOUND'
  /** The delivery is still on its way or has succeeded. */
  | 'NOT_REPLAYABLE'
  /** The input breaks a rule; `issues` name each place. */
  | 'VALIDATION_FAILED';

/** Why a delivery ended without success. */
export type FailureReason =
  /** The URL's host leads to an address that is never dialled, such as a private one. */
  | 'BLOCKED_ADDRESS'
  /** Cancelled or purged before it had been sent. */
  | 'CANCELLED'
  /** The endpoint was deleted meanwhile. */
  | 'ENDPOINT_DELETED'
  /** The receiver answered 410: the endpoint was switched off. */
  | 'ENDPOINT_GONE'
  /** The endpoint was not active. */
  | 'ENDPOINT_INACTIVE'
  /** The endpoint had not shown that it wants our requests. */
  | 'ENDPOINT_UNVERIFIED'
  /** The tenant's installation of the app ended meanwhile. */
  | 'INSTALLATION_REVOKED'
  /** The response’s status is in the endpoint’s `stopOn`. */
  | 'REJECTED'
  /** Every attempt of the retry schedule failed. */
  | 'RETRIES_EXHAUSTED'
  /** The tenant is suspended. */
  | 'TENANT_SUSPENDED';

/** How a bulk replay fares. */
export type ReplayJobStatus =
  /** All that matched has been replayed or skipped. */
  | 'COMPLETED'
  /** It was given up after errors; what it had replayed stays. */
  | 'FAILED'
  /** It gathers what matches, or replays it. */
  | 'RUNNING';

/** Absent: unchanged. Null clears `description`, `maxDeliveriesPerSecond`, `headers`, `retrySchedule`, `timeoutMs`, `stopOn` and `headerPrefix`, and is a ValidationError for the rest. */
export type UpdateEndpointInput = {
  /** At most 1000 characters. Null removes it. */
  description?: string | null | undefined;
  /** All that it subscribes to from now on. 1 to 100 event type names, `comment.*` for a category, or `*` for all; none twice. At most 1,000 entries. */
  events?: Array<string> | null | undefined;
  /** What the names of the id, timestamp and signature headers begin with, in attempts and in the handshake: `webhook-` or `svix-`. The signature is the same. Null is `webhook-`. */
  headerPrefix?: string | null | undefined;
  /** All that are sent from now on. At most 20 headers and 8,192 bytes of names and values, no name twice. In force from the next attempt on, for the handshake and for replays too. Null removes all. At most 1,000 entries. */
  headers?: Array<EndpointHeaderUpdateInput> | null | undefined;
  /** The endpoint’s id: `ep_…`. */
  id: string;
  /** False: nothing is sent, and what is queued ends as FAILED (ENDPOINT_INACTIVE). */
  isActive?: boolean | null | undefined;
  /** 1 to 10000 deliveries a second; null is no limit. */
  maxDeliveriesPerSecond?: number | null | undefined;
  /** 1 to 20 whole numbers of seconds, the delay before each attempt, so their number is the number of attempts of deliveries that are created from now on. Together at most half of the retention, a spread of a fifth included. Each is spread by up to a fifth either way. Null is the server’s schedule. At most 1,000 entries. */
  retrySchedule?: Array<number> | null | undefined;
  /** Response statuses, 400 to 599, that end a delivery at once as FAILED (REJECTED) instead of being tried again; at most 100, none twice. 410 disables the endpoint in any case. At most 1,000 entries. */
  stopOn?: Array<number> | null | undefined;
  /** For a whole attempt: 1,000 to 60,000 milliseconds. Null is the server’s. */
  timeoutMs?: number | null | undefined;
  /** A new URL. At most 2,048 characters, http or https (https alone in production), no user name, no fragment; not an address that webhooks may not be sent to. */
  url?: string | null | undefined;
};

/** Whether the receiver at the URL has answered the ownership handshake. */
export type VerificationStatus =
  /** The last handshake failed: `reason` says why. Nothing is delivered. */
  | 'FAILED'
  /** The handshake is under way; deliveries wait for its end. */
  | 'PENDING'
  /** No handshake since the URL was changed: call `verifyEndpoint`. Nothing is delivered. */
  | 'UNVERIFIED'
  /** The receiver has shown that it wants the deliveries. */
  | 'VERIFIED';

type ActProblem_ConflictError_Fragment = { code: ErrorCode, message: string };

type ActProblem_IdempotencyError_Fragment = { code: ErrorCode, message: string };

type ActProblem_LimitExceededError_Fragment = { code: ErrorCode, message: string };

type ActProblem_NotFoundError_Fragment = { code: ErrorCode, message: string };

type ActProblem_NotReplayableError_Fragment = { code: ErrorCode, message: string };

type ActProblem_ValidationError_Fragment = { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> };

export type ActProblemFragment =
  | ActProblem_ConflictError_Fragment
  | ActProblem_IdempotencyError_Fragment
  | ActProblem_LimitExceededError_Fragment
  | ActProblem_NotFoundError_Fragment
  | ActProblem_NotReplayableError_Fragment
  | ActProblem_ValidationError_Fragment
;

export type DeliveryRowFragment = { id: string, status: DeliveryStatus, failureReason: FailureReason | null, eventType: string, kind: DeliveryKind, createdAt: string, completedAt: string | null, nextAttemptAt: string | null, attemptCount: number, maxAttempts: number, endpoint: { id: string, url: string } };

export type EndpointsPageQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type EndpointsPageQuery = { endpoints: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, url: string, description: string | null, events: Array<string>, state: { name: EndpointStateName, reason: string | null, since: string | null }, circuit: { state: CircuitState }, stats: { succeeded: number, failed: number, successRate: number | null, timeline: Array<{ start: string, succeeded: number, failed: number }> } }> } };

export type EndpointCatalogueQueryVariables = Exact<{ [key: string]: never; }>;


export type EndpointCatalogueQuery = { eventTypes: Array<{ id: string, name: string, category: string, description: string }> };

export type EndpointFactsFragment = { id: string, url: string, description: string | null, events: Array<string>, isActive: boolean, maxDeliveriesPerSecond: number | null, createdAt: string, updatedAt: string, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null, consecutiveFailures: number }, signingSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> };

export type OneEndpointQueryVariables = Exact<{
  id: string;
  since?: string | null | undefined;
}>;


export type OneEndpointQuery = { endpoint: { id: string, url: string, description: string | null, events: Array<string>, isActive: boolean, maxDeliveriesPerSecond: number | null, createdAt: string, updatedAt: string, stats: { succeeded: number, failed: number, inFlight: number, successRate: number | null, latencyP50: number | null, latencyP95: number | null, timeline: Array<{ start: string, succeeded: number, failed: number }> }, deliveries: { nodes: Array<{ id: string, status: DeliveryStatus, eventType: string, createdAt: string, attemptCount: number }> }, auditLog: { nodes: Array<{ id: string, action: string, occurredAt: string, actor: { label: string } }> }, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null, consecutiveFailures: number }, signingSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> } | null };

export type EndpointHandshakeQueryVariables = Exact<{
  id: string;
}>;


export type EndpointHandshakeQuery = { endpoint: { id: string, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null } } | null };

export type EndpointCountsQueryVariables = Exact<{
  endpoint: Array<string> | string;
  since?: string | null | undefined;
}>;


export type EndpointCountsQuery = { all: { count: number, isCapped: boolean }, failed: { count: number, isCapped: boolean } };

export type CreateEndpointMutationVariables = Exact<{
  input: CreateEndpointInput;
}>;


export type CreateEndpointMutation = { result:
    | { secret: string, endpoint: { id: string, url: string, description: string | null, events: Array<string>, isActive: boolean, maxDeliveriesPerSecond: number | null, createdAt: string, updatedAt: string, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null, consecutiveFailures: number }, signingSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> } }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type UpdateEndpointMutationVariables = Exact<{
  input: UpdateEndpointInput;
}>;


export type UpdateEndpointMutation = { result:
    | { code: ErrorCode, message: string }
    | { endpoint: { id: string, url: string, description: string | null, events: Array<string>, isActive: boolean, maxDeliveriesPerSecond: number | null, createdAt: string, updatedAt: string, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null, consecutiveFailures: number }, signingSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type VerifyEndpointMutationVariables = Exact<{
  id: string;
}>;


export type VerifyEndpointMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { verified: boolean, reason: string | null, endpoint: { id: string, url: string, description: string | null, events: Array<string>, isActive: boolean, maxDeliveriesPerSecond: number | null, createdAt: string, updatedAt: string, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null, consecutiveFailures: number }, signingSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> } }
   };

export type TestEndpointMutationVariables = Exact<{
  id: string;
  eventType?: string | null | undefined;
}>;


export type TestEndpointMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { delivery: { id: string, status: DeliveryStatus } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type RotateEndpointSecretMutationVariables = Exact<{
  id: string;
  overlapSeconds: number;
}>;


export type RotateEndpointSecretMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { secret: string, endpoint: { id: string, url: string, description: string | null, events: Array<string>, isActive: boolean, maxDeliveriesPerSecond: number | null, createdAt: string, updatedAt: string, state: { name: EndpointStateName, reason: string | null, since: string | null }, verification: { status: VerificationStatus, verifiedAt: string | null, checkedAt: string | null, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null, consecutiveFailures: number }, signingSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type PurgeEndpointMutationVariables = Exact<{
  id: string;
}>;


export type PurgeEndpointMutation = { result:
    | { code: ErrorCode, message: string }
    | { purgedCount: number }
   };

export type DeleteEndpointMutationVariables = Exact<{
  id: string;
}>;


export type DeleteEndpointMutation = { result:
    | { id: string }
    | { code: ErrorCode, message: string }
   };

export type RecoverEndpointMutationVariables = Exact<{
  filter: DeliveryFilter;
}>;


export type RecoverEndpointMutation = { result:
    | { code: ErrorCode, message: string }
    | { job: { id: string } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type RecoverProgressQueryVariables = Exact<{
  id: string;
}>;


export type RecoverProgressQuery = { replayJob: { id: string, status: ReplayJobStatus, matched: number, replayed: number, skipped: number } | null };

export const ActProblemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ActProblemFragment, unknown>;
export const DeliveryRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryRowFragment, unknown>;
export const EndpointFactsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointFacts"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"maxDeliveriesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}}]}},{"kind":"Field","name":{"kind":"Name","value":"signingSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}}]} as unknown as DocumentNode<EndpointFactsFragment, unknown>;
export const EndpointsPageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"EndpointsPage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}}]}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"successRate"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"IntValue","value":"24"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<EndpointsPageQuery, EndpointsPageQueryVariables>;
export const EndpointCatalogueDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"EndpointCatalogue"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventTypes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"category"}},{"kind":"Field","name":{"kind":"Name","value":"description"}}]}}]}}]} as unknown as DocumentNode<EndpointCatalogueQuery, EndpointCatalogueQueryVariables>;
export const OneEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OneEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"since"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointFacts"}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"since"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"successRate"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"IntValue","value":"48"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"10"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"auditLog"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"action"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}},{"kind":"Field","name":{"kind":"Name","value":"actor"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"label"}}]}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointFacts"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"maxDeliveriesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}}]}},{"kind":"Field","name":{"kind":"Name","value":"signingSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}}]} as unknown as DocumentNode<OneEndpointQuery, OneEndpointQueryVariables>;
export const EndpointHandshakeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"EndpointHandshake"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}}]}}]}}]} as unknown as DocumentNode<EndpointHandshakeQuery, EndpointHandshakeQueryVariables>;
export const EndpointCountsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"EndpointCounts"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"since"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"all"},"name":{"kind":"Name","value":"deliveryCount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"endpointId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"isCapped"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"failed"},"name":{"kind":"Name","value":"deliveryCount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"endpointId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"endpoint"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"FAILED"},{"kind":"EnumValue","value":"DEAD_LETTER"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"isReplayed"},"value":{"kind":"BooleanValue","value":false}},{"kind":"ObjectField","name":{"kind":"Name","value":"createdAfter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"isCapped"}}]}}]}}]} as unknown as DocumentNode<EndpointCountsQuery, EndpointCountsQueryVariables>;
export const CreateEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateEndpointInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"createEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointFacts"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointFacts"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"maxDeliveriesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}}]}},{"kind":"Field","name":{"kind":"Name","value":"signingSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<CreateEndpointMutation, CreateEndpointMutationVariables>;
export const UpdateEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"UpdateEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateEndpointInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"updateEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointFacts"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointFacts"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"maxDeliveriesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}}]}},{"kind":"Field","name":{"kind":"Name","value":"signingSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<UpdateEndpointMutation, UpdateEndpointMutationVariables>;
export const VerifyEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"VerifyEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"verifyEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VerifyEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"verified"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointFacts"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointFacts"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"maxDeliveriesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}}]}},{"kind":"Field","name":{"kind":"Name","value":"signingSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<VerifyEndpointMutation, VerifyEndpointMutationVariables>;
export const TestEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"TestEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"eventType"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"testEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"eventType"},"value":{"kind":"Variable","name":{"kind":"Name","value":"eventType"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"TestEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"delivery"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<TestEndpointMutation, TestEndpointMutationVariables>;
export const RotateEndpointSecretDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RotateEndpointSecret"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"overlapSeconds"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"rotateEndpointSecret"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"overlapSeconds"},"value":{"kind":"Variable","name":{"kind":"Name","value":"overlapSeconds"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RotateEndpointSecretPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointFacts"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointFacts"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"maxDeliveriesPerSecond"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"updatedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"verifiedAt"}},{"kind":"Field","name":{"kind":"Name","value":"checkedAt"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}},{"kind":"Field","name":{"kind":"Name","value":"consecutiveFailures"}}]}},{"kind":"Field","name":{"kind":"Name","value":"signingSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RotateEndpointSecretMutation, RotateEndpointSecretMutationVariables>;
export const PurgeEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PurgeEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"purgeDeliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"endpointId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"PurgeDeliveriesPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"purgedCount"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<PurgeEndpointMutation, PurgeEndpointMutationVariables>;
export const DeleteEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"DeleteEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"deleteEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeleteEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<DeleteEndpointMutation, DeleteEndpointMutationVariables>;
export const RecoverEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RecoverEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryFilter"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"replayDeliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplayDeliveriesPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"job"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RecoverEndpointMutation, RecoverEndpointMutationVariables>;
export const RecoverProgressDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"RecoverProgress"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"replayJob"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"matched"}},{"kind":"Field","name":{"kind":"Name","value":"replayed"}},{"kind":"Field","name":{"kind":"Name","value":"skipped"}}]}}]}}]} as unknown as DocumentNode<RecoverProgressQuery, RecoverProgressQueryVariables>;