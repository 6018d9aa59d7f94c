/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
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

/** What `registerEventType` takes. */
export type RegisterEventTypeInput = {
  /** The kind of record that the payload shows: 1 to 128 characters. */
  dataType: string;
  /** What has happened when such an event is published: 1 to 1000 characters. */
  description: string;
  /** A payload as it may come; it has to satisfy the schema. At most 256 KiB, 200 levels deep. */
  example: unknown;
  /** One or more dot-separated segments of a-z, 0-9, _ and -; at most 128 characters. Names that begin with `app.` or `endpoint.` belong to the platform. */
  name: string;
  /** JSON Schema (2020-12) that every payload has to satisfy; by default any payload is taken. At most 64 KiB, 200 levels deep; references lead inside the schema only. Patterns are RE2’s: without looking ahead or behind and without references back to a group; repetitions count to 1,000. Publishing tells of the first fault of a payload; one that takes longer than 1.5 seconds to check is refused (TOO_COSTLY). */
  schema?: unknown;
};

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

export type OverviewQueryVariables = Exact<{
  since: string;
  buckets: number;
}>;


export type OverviewQuery = { newest: { nodes: Array<{ id: string }> }, deliveryStats: { succeeded: number, failed: number, inFlight: number, successRate: number | null, latencyP50: number | null, latencyP95: number | null, timeline: Array<{ start: string, succeeded: number, failed: number, inFlight: number }>, latencyTimeline: Array<{ start: string, attempts: number, latencyP50: number | null, latencyP95: number | null }> }, deadLetters: { count: number, isCapped: boolean }, inactive: { nodes: Array<{ id: string, url: string, state: { name: EndpointStateName, reason: string | null, since: string | null } }> }, unverified: { nodes: Array<{ id: string, url: string, state: { name: EndpointStateName, reason: string | null, since: string | null } }> }, troubled: { nodes: Array<{ id: string, status: DeliveryStatus, endpoint: { id: string, url: string, state: { name: EndpointStateName, reason: string | null, since: string | null } } }> } };

export type EndpointInNeedFragment = { id: string, url: string, state: { name: EndpointStateName, reason: string | null, since: string | null } };

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
    | { endpoint: { id: string, url: string, state: { name: EndpointStateName, reason: string | null, since: string | null } } }
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
export const EndpointInNeedFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointInNeed"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<EndpointInNeedFragment, unknown>;
export const NewestChangeFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"NewestChange"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryStatusChange"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}},{"kind":"Field","name":{"kind":"Name","value":"deliveryId"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"previousStatus"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}}]}}]} as unknown as DocumentNode<NewestChangeFragment, unknown>;
export const OverviewDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Overview"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"since"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"DateTime"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"newest"},"name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"1"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"deliveryStats"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"since"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"successRate"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}}]}},{"kind":"Field","name":{"kind":"Name","value":"latencyTimeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"deadLetters"},"name":{"kind":"Name","value":"deliveryCount"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"DEAD_LETTER"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"createdAfter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"count"}},{"kind":"Field","name":{"kind":"Name","value":"isCapped"}}]}},{"kind":"Field","alias":{"kind":"Name","value":"inactive"},"name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":false}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"unverified"},"name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":true}},{"kind":"ObjectField","name":{"kind":"Name","value":"verification"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"UNVERIFIED"},{"kind":"EnumValue","value":"FAILED"}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}},{"kind":"Field","alias":{"kind":"Name","value":"troubled"},"name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"RETRYING"},{"kind":"EnumValue","value":"FAILED"},{"kind":"EnumValue","value":"DEAD_LETTER"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"kind"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"EVENT"},{"kind":"EnumValue","value":"REPLAY"}]}},{"kind":"ObjectField","name":{"kind":"Name","value":"createdAfter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"since"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointInNeed"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]} as unknown as DocumentNode<OverviewQuery, OverviewQueryVariables>;
export const LogBoundsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"LogBounds"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logHead"}},{"kind":"Field","name":{"kind":"Name","value":"logOldest"}}]}}]} as unknown as DocumentNode<LogBoundsQuery, LogBoundsQueryVariables>;
export const FirstStepsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"FirstSteps"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventTypes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"category"}},{"kind":"Field","name":{"kind":"Name","value":"example"}}]}},{"kind":"Field","name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"1"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}}]} as unknown as DocumentNode<FirstStepsQuery, FirstStepsQueryVariables>;
export const EnableEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"EnableEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"updateEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"isActive"},"value":{"kind":"BooleanValue","value":true}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"UpdateEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"EndpointInNeed"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"EndpointInNeed"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Endpoint"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<EnableEndpointMutation, EnableEndpointMutationVariables>;
export const VerifyNowDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"VerifyNow"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"verifyEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"VerifyEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"verified"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<VerifyNowMutation, VerifyNowMutationVariables>;
export const RegisterFirstTypeDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RegisterFirstType"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"RegisterEventTypeInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"registerEventType"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RegisterEventTypePayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"eventType"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RegisterFirstTypeMutation, RegisterFirstTypeMutationVariables>;
export const CreateFirstEndpointDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateFirstEndpoint"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateEndpointInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"createEndpoint"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateEndpointPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<CreateFirstEndpointMutation, CreateFirstEndpointMutationVariables>;
export const PublishFirstEventDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PublishFirstEvent"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"type"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"payload"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"JSON"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"publishEvents"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"events"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"type"},"value":{"kind":"Variable","name":{"kind":"Name","value":"type"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"payload"},"value":{"kind":"Variable","name":{"kind":"Name","value":"payload"}}}]}]}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"PublishEventsPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"events"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deliveryCount"}},{"kind":"Field","name":{"kind":"Name","value":"event"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<PublishFirstEventMutation, PublishFirstEventMutationVariables>;