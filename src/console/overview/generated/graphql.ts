/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** The input of `createEndpoint`. */
export type CreateEndpointInput = {
  /** The addresses that get a mail when the endpoint fails (`endpoint.failing`), works again, or is disabled: at most 5. Mails are sent only if the server has a mail server. Null means nobody. More than 1,000 entries are BAD_USER_INPUT. */
  alertEmails?: Array<string> | null | undefined;
  /** A note of your own. At most 1000 characters. */
  description?: string | null | undefined;
  /** The event types to subscribe to. 1 to 100 different event type names, `comment.*` for a category, or `*` for all. More than 1,000 entries are BAD_USER_INPUT. */
  events: Array<string>;
  /** The conditions that the body of an event must meet, at most 10, and together at most 16,384 bytes as JSON; all of them must hold. They are checked when the event is published. For an event that does not match, no delivery to the endpoint is created, and the event’s `deliveryCount` does not count it. Replays and tests are not filtered. More than 1,000 entries are BAD_USER_INPUT. */
  filter?: Array<PayloadConditionInput> | null | undefined;
  /** The prefix of the names of the id, timestamp and signature headers, in attempts and in the handshake: `webhook-` or `svix-`. The signature is the same. Null means `webhook-`. */
  headerPrefix?: string | null | undefined;
  /** Headers to send with each attempt. At most 20 headers and 8,192 bytes of names and values, each name once. They apply from the next attempt on, also to the handshake and to replays. More than 1,000 entries are BAD_USER_INPUT. */
  headers?: Array<EndpointHeaderInput> | null | undefined;
  /** Makes it safe to repeat the call: for 24 hours, the same caller with the same key and the same input gets the first answer again, and nothing is done twice. 1 to 255 printable ASCII characters. The header `Idempotency-Key` does the same. A call with the same key and another input, or one made while the first still runs, is answered with an IdempotencyError. */
  idempotencyKey?: string | null | undefined;
  /** If false, nothing is sent, and waiting deliveries end as FAILED (ENDPOINT_INACTIVE). */
  isActive?: boolean;
  /** The largest number of deliveries a second, from 1 to 10000; null means no limit. */
  maxDeliveriesPerSecond?: number | null | undefined;
  /** Whether deliveries are sent one at a time, in the order in which their events were committed. */
  ordering?: DeliveryOrdering;
  /** The delay before each attempt in whole seconds: 1 to 20 numbers, one for each attempt. Deliveries that already wait keep their number of attempts, but their next delays come from the new schedule. Each delay is varied at random by up to a fifth. The sum, with a fifth added, must not exceed half of the retention. Null means the server’s schedule. More than 1,000 entries are BAD_USER_INPUT. */
  retrySchedule?: Array<number> | null | undefined;
  /** The first signing secret, if you bring your own. It is `whsec_` followed by the base64 of 24 to 64 bytes; for an ASCII secret these are its characters. For ED25519 it is a private key: `whsk_` followed by the base64 of the 32 bytes of its seed, with or without the 32 bytes of its public key behind them. A secret that can be guessed is a ValidationError (WEAK). If absent or null, a secret is generated. */
  secret?: string | null | undefined;
  /** Whether each attempt, also of a replay, has the header `traceparent` (W3C Trace Context), so that the receiver can go on with the trace of the event, and `tracestate` if the publisher sent one. The handshake has neither. Where nobody traces, an attempt has them only if the publisher sent `traceparent`. They show the ids of the publisher’s trace to the receiver, so the default is false. Null means false. */
  sendTraceparent?: boolean | null | undefined;
  /** How deliveries are signed. It cannot be changed later: create another endpoint for another scheme. */
  signature?: SignatureScheme;
  /** Response statuses from 400 to 599 that end a delivery at once as FAILED (REJECTED) instead of a retry: at most 100, each once. Status 410 disables the endpoint in any case. More than 1,000 entries are BAD_USER_INPUT. */
  stopOn?: Array<number> | null | undefined;
  /** The time limit for a whole attempt: 1,000 to 60,000 milliseconds. Null means the server’s setting. */
  timeoutMs?: number | null | undefined;
  /** The URL that deliveries are POSTed to. At most 2,048 characters, http or https (only https in production), no user name, no fragment; not an address to which webhooks must not be sent. */
  url: string;
};

/** Whether a delivery was created by a published event, a replay or a test. */
export type DeliveryKind =
  /** Created when the event was published. */
  | 'EVENT'
  /** Created by a replay. It has the same event and the same `webhook-id` as the original. */
  | 'REPLAY'
  /** Created by `testEndpoint`. It has the header `webhook-test: true`. */
  | 'TEST';

/** Whether the deliveries to an endpoint wait for each other. */
export type DeliveryOrdering =
  /** Deliveries are independent. One that fails holds up no other. */
  | 'NONE'
  /** Deliveries are sent one at a time, in the order in which their events were committed. While one waits for its next attempt, those behind it wait as PENDING (`blockedBy`). When it ends, also as DEAD_LETTER, the next is sent. A replay goes to the end. Around the crash of a sending process the same delivery may arrive twice. */
  | 'STRICT';

/** The status of a delivery. PENDING and RETRYING deliveries wait for an attempt. SUCCEEDED, FAILED and DEAD_LETTER are final. */
export type DeliveryStatus =
  /** Every attempt of the retry schedule failed. The delivery can be replayed. */
  | 'DEAD_LETTER'
  /** An attempt is running and has lasted for more than a second. */
  | 'DELIVERING'
  /** The delivery was given up for the reason in `failureReason`. It can be replayed. */
  | 'FAILED'
  /** The delivery waits for its first attempt. */
  | 'PENDING'
  /** An attempt failed and another one is scheduled. */
  | 'RETRYING'
  /** The receiver answered with a 2xx status within the deadline. */
  | 'SUCCEEDED';

/** A header that is sent with each attempt. */
export type EndpointHeaderInput = {
  /** If true, the value is encrypted, never shown again, and redacted in attempts. */
  isSecret?: boolean;
  /** Letters, digits and ``!#$%&'*+-.^_`|~``; at most 256 characters. These names are reserved: `host`, `connection`, `keep-alive`, `te`, `trailer`, `transfer-encoding`, `upgrade`, `http2-settings`, `expect`, `accept-encoding`, `user-agent`, `date`, `via`, `forwarded`, `cookie2`, `traceparent`, `tracestate`, and names that begin with `content-`, `webhook-`, `svix-`, `proxy-` or `sec-`. */
  name: string;
  /** If true, the value is a key, which is encrypted like a secret value. The header is then `sha256=` followed by the hex of the HMAC-SHA256 of the body under that key. A receiver that verifies such a header keeps working while it moves to the standard signature, which is sent beside it. */
  signsBody?: boolean;
  /** Printable ASCII characters. Spaces and tabs may stand between them; line breaks are not allowed. */
  value: string;
};

/** Whether deliveries are sent to an endpoint, and if not, the reason. */
export type EndpointStateName =
  /** Deliveries are sent normally. */
  | 'ACTIVE'
  /** Heliograph set `isActive` to false, because the receiver answered 410 or every attempt failed for five days. Nothing is sent until somebody sets it to true. */
  | 'DISABLED'
  /** Somebody stopped the sending. If `pausedAt` is set, `pauseEndpoint` was called, and deliveries wait until `resumeEndpoint` is called. Otherwise `isActive` was set to false, and deliveries are recorded as FAILED until it is set to true. */
  | 'PAUSED'
  /** The endpoint is active but fails repeatedly, so its circuit is not CLOSED. Deliveries wait and are sent automatically after a try succeeds. */
  | 'RESTING'
  /** The endpoint is active, but its receiver has not answered the ownership handshake. This state does not occur if `REQUIRE_VERIFICATION` is false. */
  | 'UNVERIFIED';

/** The kinds of expected errors. */
export type ErrorCode =
  /** The record's current state does not allow the operation. */
  | 'CONFLICT'
  /** The first call with this idempotency key is still running. */
  | 'IDEMPOTENCY_KEY_IN_PROGRESS'
  /** The idempotency key was used with another input within the last 24 hours. */
  | 'IDEMPOTENCY_KEY_REUSED'
  /** A limit was exceeded. */
  | 'LIMIT_EXCEEDED'
  /** There is no such record, or it belongs to somebody else. */
  | 'NOT_FOUND'
  /** The delivery has not ended, or it has succeeded. */
  | 'NOT_REPLAYABLE'
  /** The input is invalid. `issues` lists every problem. */
  | 'VALIDATION_FAILED';

/** Why a delivery ended without success. */
export type FailureReason =
  /** The URL's host resolves to an address that Heliograph never connects to, such as a private one. */
  | 'BLOCKED_ADDRESS'
  /** The delivery was cancelled or purged before it was sent, or it waited for the whole retention period. */
  | 'CANCELLED'
  /** The endpoint was deleted before the delivery was sent. */
  | 'ENDPOINT_DELETED'
  /** The receiver answered with status 410, so the endpoint was disabled. */
  | 'ENDPOINT_GONE'
  /** The endpoint was not active. */
  | 'ENDPOINT_INACTIVE'
  /** The endpoint was paused, and either its queue was full or the delivery had waited for the whole retention period. */
  | 'ENDPOINT_PAUSED'
  /** The endpoint was not verified. */
  | 'ENDPOINT_UNVERIFIED'
  /** The tenant uninstalled the app before the delivery was sent. */
  | 'INSTALLATION_REVOKED'
  /** The receiver answered with a status that is in the endpoint’s `stopOn`. */
  | 'REJECTED'
  /** Every attempt of the retry schedule failed. */
  | 'RETRIES_EXHAUSTED'
  /** The tenant is suspended. */
  | 'TENANT_SUSPENDED';

/** A condition that an event’s body has to meet. */
export type PayloadConditionInput = {
  /** How the value at the path is compared. */
  op: PayloadOperator;
  /** A JSON Pointer (RFC 6901) into the body that is sent: `/data/amount`, `/data/items/0/name`, `/type`. At most 1,000 characters and 32 names or indexes. If an object has two members of the same name, the last one counts. */
  path: string;
  /** A text of at most 1,000 characters, number, boolean or null; a list of them for IN; left out for EXISTS. GT, GTE, LT and LTE take a number or a text, STARTS_WITH a text. */
  value?: unknown;
};

/** How the value at a path is compared with the given one. A text never equals a number, and is not less or greater than one. Numbers are compared by their exact values, however many digits they have: 1.0 equals 1, and 12345678901234567890 is less than 12345678901234567891. */
export type PayloadOperator =
  /** The value at the path is a text that contains the given one, or an array with an element that equals it. */
  | 'CONTAINS'
  /** There is a value at the path, and it equals the given one. */
  | 'EQ'
  /** There is a value at the path, even if it is null. No value is given. */
  | 'EXISTS'
  /** The value at the path is greater. Numbers are compared by value, texts by their code points. */
  | 'GT'
  /** The value at the path is greater or equal. */
  | 'GTE'
  /** The value at the path equals one of a list of 1 to 100 values. */
  | 'IN'
  /** The value at the path is less. */
  | 'LT'
  /** The value at the path is less or equal. */
  | 'LTE'
  /** There is no value at the path, or it differs from the given one. */
  | 'NE'
  /** The value at the path is a text that begins with the given one. */
  | 'STARTS_WITH';

/** The input of `registerEventType`. */
export type RegisterEventTypeInput = {
  /** The kind of record that the payload shows: 1 to 128 characters. White space around it is removed. */
  dataType: string;
  /** An explanation of what has happened when such an event is published: 1 to 1000 characters. White space around it is removed. */
  description: string;
  /** An example of a payload, which must satisfy the schema. At most 256 KiB and 200 levels deep. */
  example: unknown;
  /** One or more dot-separated segments of a-z, 0-9, _ and -; at most 128 characters. Names that begin with `app.` or `endpoint.`, and the name `delivery.dead_lettered`, are reserved for the platform. */
  name: string;
  /** The JSON Schema (2020-12) that every payload must satisfy; by default any payload is accepted. At most 64 KiB and 200 levels deep, with references only to parts of the schema itself. Patterns use the syntax of RE2, without lookaround and backreferences, and with repetitions up to 1,000. Publishing reports only the first error of a payload. A payload whose check takes longer than 1.5 seconds is refused (TOO_COSTLY). */
  schema?: unknown;
};

/** How deliveries are signed. Both ways follow Standard Webhooks. */
export type SignatureScheme =
  /** With a key pair. Signatures begin with `v1a,` and are verified with the public key `whpk_…`, which cannot sign. */
  | 'ED25519'
  /** With a shared secret, `whsec_…`. Signatures begin with `v1,`. */
  | 'HMAC_SHA256';

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

export type OutcomesFragment = { succeeded: number, failed: number, inFlight: number, successRate: number | null, latencyP50: number | null, latencyP95: number | null, timeline: Array<{ start: string, succeeded: number, failed: number, inFlight: number }>, latencyTimeline: Array<{ start: string, attempts: number, latencyP50: number | null, latencyP95: number | null }> };

export type OverviewQueryVariables = Exact<{
  since: string;
  buckets: number;
}>;


export type OverviewQuery = { newest: { nodes: Array<{ id: string }> }, deliveryStats: { succeeded: number, failed: number, inFlight: number, successRate: number | null, latencyP50: number | null, latencyP95: number | null, timeline: Array<{ start: string, succeeded: number, failed: number, inFlight: number }>, latencyTimeline: Array<{ start: string, attempts: number, latencyP50: number | null, latencyP95: number | null }> }, deadLetters: { count: number, isCapped: boolean }, inactive: { nodes: Array<{ id: string, url: string, pausedAt: string | null, state: { name: EndpointStateName, reason: string | null, since: string | null } }> }, unverified: { nodes: Array<{ id: string, url: string, pausedAt: string | null, state: { name: EndpointStateName, reason: string | null, since: string | null } }> }, failing: { nodes: Array<{ id: string, url: string, pausedAt: string | null, stats: { failed: number }, state: { name: EndpointStateName, reason: string | null, since: string | null } }> }, troubled: { nodes: Array<{ id: string, status: DeliveryStatus, endpoint: { id: string, url: string, pausedAt: string | null, state: { name: EndpointStateName, reason: string | null, since: string | null } } }> } };

export type EndpointInNeedFragment = { id: string, url: string, pausedAt: string | null, state: { name: EndpointStateName, reason: string | null, since: string | null } };

export type LogBoundsQueryVariables = Exact<{ [key: string]: never; }>;


export type LogBoundsQuery = { logHead: number, logOldest: number };

export type NewestChangeFragment = { position: number, occurredAt: string, deliveryId: string, eventType: string, previousStatus: DeliveryStatus | null, status: DeliveryStatus, responseStatus: number | null };

export type FirstStepsQueryVariables = Exact<{ [key: string]: never; }>;


export type FirstStepsQuery = { eventTypes: Array<{ id: string, name: string, category: string, example: unknown }>, endpoints: { totalCount: number, nodes: Array<{ id: string, url: string, events: Array<string>, state: { name: EndpointStateName } }> } };

export type EnableEndpointMutationVariables = Exact<{
  id: string;
}>;


export type EnableEndpointMutation = { result:
    | { code: ErrorCode, message: string }
    | { endpoint: { id: string, url: string, pausedAt: string | null, state: { name: EndpointStateName, reason: string | null, since: string | null } } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type VerifyNowMutationVariables = Exact<{
  id: string;
}>;


export type VerifyNowMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { verified: boolean, reason: string | null }
   };

export type RegisterFirstTypeMutationVariables = Exact<{
  input: RegisterEventTypeInput;
}>;


export type RegisterFirstTypeMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { eventType: { id: string, name: string } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type CreateFirstEndpointMutationVariables = Exact<{
  input: CreateEndpointInput;
}>;


export type CreateFirstEndpointMutation = { result:
    | { secret: string, endpoint: { id: string, url: string } }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type PublishFirstEventMutationVariables = Exact<{
  type: string;
  payload: unknown;
}>;


export type PublishFirstEventMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { events: Array<{ deliveryCount: number, event: { id: string } }> }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export const ActProblemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ActProblemFragment, unknown>;
export const DeliveryRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryRowFragment, unknown>;
export const OutcomesFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Outcomes"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryStats"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"successRate"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}}]}},{"kind":"Field","name":{"kind":"Name","value":"latencyTimeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}}]}}]}}]} as unknown as DocumentNode<OutcomesFragment, unknown>;
export const EndpointInNeedFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointInNeed"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"pausedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<EndpointInNeedFragment, unknown>;
export const NewestChangeFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"NewestChange"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryStatusChange"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}},{"kind":"Field","name":{"kind":"Name","value":"deliveryId"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"previousStatus"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}}]}}]} as unknown as DocumentNode<NewestChangeFragment, unknown>;
export const OverviewDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Overview"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"since"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"newest"},"name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"1"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"deliveryStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"since"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"Outcomes"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"deadLetters"},"name":{"kind":"Name","value":"deliveryCount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"DEAD_LETTER"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"createdAfter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"isCapped"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"inactive"},"name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":false}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"unverified"},"name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":true}},{"kind":"ObjectField","name":{"kind":"Name","value":"verification"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"UNVERIFIED"},{"kind":"EnumValue","value":"FAILED"}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"failing"},"name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":true}}]}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"EnumValue","value":"FAILING_FIRST"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}},{"kind":"Field","name":{"kind":"Name","value":"stats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"since"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"troubled"},"name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"RETRYING"},{"kind":"EnumValue","value":"FAILED"},{"kind":"EnumValue","value":"DEAD_LETTER"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"kind"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"EVENT"},{"kind":"EnumValue","value":"REPLAY"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"createdAfter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Outcomes"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryStats"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"successRate"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}}]}},{"kind":"Field","name":{"kind":"Name","value":"latencyTimeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointInNeed"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"pausedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<OverviewQuery, OverviewQueryVariables>;
export const LogBoundsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"LogBounds"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logHead"}},{"kind":"Field","name":{"kind":"Name","value":"logOldest"}}]}}]} as unknown as DocumentNode<LogBoundsQuery, LogBoundsQueryVariables>;
export const FirstStepsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FirstSteps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventTypes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"category"}},{"kind":"Field","name":{"kind":"Name","value":"example"}}]}},{"kind":"Field","name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"1"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}}]} as unknown as DocumentNode<FirstStepsQuery, FirstStepsQueryVariables>;
export const EnableEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"EnableEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"updateEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":true}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointInNeed"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"pausedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<EnableEndpointMutation, EnableEndpointMutationVariables>;
export const VerifyNowDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"VerifyNow"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"verifyEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VerifyEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"verified"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<VerifyNowMutation, VerifyNowMutationVariables>;
export const RegisterFirstTypeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RegisterFirstType"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RegisterEventTypeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"registerEventType"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RegisterEventTypePayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventType"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RegisterFirstTypeMutation, RegisterFirstTypeMutationVariables>;
export const CreateFirstEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateFirstEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateEndpointInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"createEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<CreateFirstEndpointMutation, CreateFirstEndpointMutationVariables>;
export const PublishFirstEventDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PublishFirstEvent"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"type"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"payload"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"JSON"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"publishEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"events"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"type"},"value":{"kind":"Variable","name":{"kind":"Name","value":"type"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"payload"},"value":{"kind":"Variable","name":{"kind":"Name","value":"payload"}}}]}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"PublishEventsPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"events"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deliveryCount"}},{"kind":"Field","name":{"kind":"Name","value":"event"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<PublishFirstEventMutation, PublishFirstEventMutationVariables>;