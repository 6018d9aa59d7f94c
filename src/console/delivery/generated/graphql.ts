/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What came of one attempt. */
export type AttemptOutcome =
  /** The address is never dialled, such as a private one. Nothing was sent. */
  | 'BLOCKED_ADDRESS'
  /** No connection could be made. */
  | 'CONNECTION_FAILED'
  /** The connection ended before the answer did. */
  | 'CONNECTION_RESET'
  /** The URL's host has no address. */
  | 'DNS_FAILED'
  /** Another status; redirects are not followed. */
  | 'HTTP_STATUS'
  /** The sending process stopped before an answer came; it does not count towards the retry schedule. */
  | 'INTERRUPTED'
  /** The answer was not HTTP. */
  | 'INVALID_RESPONSE'
  /** The answer was larger than is read. */
  | 'RESPONSE_TOO_LARGE'
  /** A 2xx status within the deadline. */
  | 'SUCCEEDED'
  /** No whole answer within the deadline. */
  | 'TIMEOUT'
  /** The receiver's certificate or its TLS is not acceptable. */
  | 'TLS_FAILED';

/** What `cancelDelivery` takes. */
export type CancelDeliveryInput = {
  /** The id of the delivery: `dlv_…`. */
  id: string;
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

/** What `replayDelivery` takes. */
export type ReplayDeliveryInput = {
  /** The id of the delivery to replay: `dlv_…`. */
  id: string;
  /** Makes a repetition safe: within 24 hours the same caller’s same key with the same input gets the first answer again instead of a second act. 1 to 255 printable ASCII characters; the header `Idempotency-Key` does the same. With another input, or while the first call still runs, the answer is an IdempotencyError. */
  idempotencyKey?: string | null | undefined;
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

export type DeliveryDetailsFragment = { id: string, status: DeliveryStatus, failureReason: FailureReason | null, eventType: string, kind: DeliveryKind, createdAt: string, completedAt: string | null, nextAttemptAt: string | null, attemptCount: number, maxAttempts: number, event: { id: string, type: string, occurredAt: string, payloadText: string } | null, attempts: Array<{ id: string, number: number, startedAt: string, outcome: AttemptOutcome, durationMs: number | null, error: string | null, responseStatus: number | null, responseBody: string | null, requestHeaders: Array<{ name: string, value: string }> | null, responseHeaders: Array<{ name: string, value: string }> | null }>, endpoint: { id: string, url: string } };

export type OneDeliveryQueryVariables = Exact<{
  id: string;
}>;


export type OneDeliveryQuery = { delivery: { id: string, status: DeliveryStatus, failureReason: FailureReason | null, eventType: string, kind: DeliveryKind, createdAt: string, completedAt: string | null, nextAttemptAt: string | null, attemptCount: number, maxAttempts: number, event: { id: string, type: string, occurredAt: string, payloadText: string } | null, attempts: Array<{ id: string, number: number, startedAt: string, outcome: AttemptOutcome, durationMs: number | null, error: string | null, responseStatus: number | null, responseBody: string | null, requestHeaders: Array<{ name: string, value: string }> | null, responseHeaders: Array<{ name: string, value: string }> | null }>, endpoint: { id: string, url: string } } | null };

export type ReplayOneMutationVariables = Exact<{
  input: ReplayDeliveryInput;
}>;


export type ReplayOneMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { delivery: { id: string, status: DeliveryStatus, failureReason: FailureReason | null, eventType: string, kind: DeliveryKind, createdAt: string, completedAt: string | null, nextAttemptAt: string | null, attemptCount: number, maxAttempts: number, endpoint: { id: string, url: string } } }
   };

export type CancelOneMutationVariables = Exact<{
  input: CancelDeliveryInput;
}>;


export type CancelOneMutation = { result:
    | { delivery: { id: string, status: DeliveryStatus, failureReason: FailureReason | null, eventType: string, kind: DeliveryKind, createdAt: string, completedAt: string | null, nextAttemptAt: string | null, attemptCount: number, maxAttempts: number, endpoint: { id: string, url: string } } }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
   };

export const ActProblemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ActProblemFragment, unknown>;
export const DeliveryRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryRowFragment, unknown>;
export const DeliveryDetailsFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryDetails"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryRow"}},{"kind":"Field","name":{"kind":"Name","value":"event"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}},{"kind":"Field","name":{"kind":"Name","value":"payloadText"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attempts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}},{"kind":"Field","name":{"kind":"Name","value":"responseBody"}},{"kind":"Field","name":{"kind":"Name","value":"requestHeaders"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"responseHeaders"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryDetailsFragment, unknown>;
export const OneDeliveryDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OneDelivery"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"delivery"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryDetails"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryDetails"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryRow"}},{"kind":"Field","name":{"kind":"Name","value":"event"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"type"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}},{"kind":"Field","name":{"kind":"Name","value":"payloadText"}}]}},{"kind":"Field","name":{"kind":"Name","value":"attempts"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"number"}},{"kind":"Field","name":{"kind":"Name","value":"startedAt"}},{"kind":"Field","name":{"kind":"Name","value":"outcome"}},{"kind":"Field","name":{"kind":"Name","value":"durationMs"}},{"kind":"Field","name":{"kind":"Name","value":"error"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}},{"kind":"Field","name":{"kind":"Name","value":"responseBody"}},{"kind":"Field","name":{"kind":"Name","value":"requestHeaders"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}},{"kind":"Field","name":{"kind":"Name","value":"responseHeaders"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"value"}}]}}]}}]}}]} as unknown as DocumentNode<OneDeliveryQuery, OneDeliveryQueryVariables>;
export const ReplayOneDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"ReplayOne"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ReplayDeliveryInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"replayDelivery"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ReplayDeliveryPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"delivery"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryRow"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ReplayOneMutation, ReplayOneMutationVariables>;
export const CancelOneDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CancelOne"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CancelDeliveryInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"cancelDelivery"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CancelDeliveryPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"delivery"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryRow"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<CancelOneMutation, CancelOneMutationVariables>;