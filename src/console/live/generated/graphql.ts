/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
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

export type LiveChangeFragment = { position: number, deliveryId: string, delivery: { id: string, status: DeliveryStatus, failureReason: FailureReason | null, eventType: string, kind: DeliveryKind, createdAt: string, completedAt: string | null, nextAttemptAt: string | null, attemptCount: number, maxAttempts: number, endpoint: { id: string, url: string } } | null };

export type StillThereQueryVariables = Exact<{
  ids: Array<string> | string;
}>;


export type StillThereQuery = { deliveries: { nodes: Array<{ id: string }> } };

export const ActProblemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ActProblemFragment, unknown>;
export const DeliveryRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryRowFragment, unknown>;
export const LiveChangeFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"LiveChange"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryStatusChange"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"deliveryId"}},{"kind":"Field","name":{"kind":"Name","value":"delivery"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryRow"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<LiveChangeFragment, unknown>;
export const StillThereDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"StillThere"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"ids"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"ids"}}}]}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}}]}}]} as unknown as DocumentNode<StillThereQuery, StillThereQueryVariables>;