/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** What kind of caller it is. */
export type ActorKind =
  /** An API key of a tenant. */
  | 'API_KEY'
  /** A partner app, by its own access token. */
  | 'APP'
  /** Whoever opened a link to the console, by `createConsoleLink`. */
  | 'CONSOLE_LINK'
  /** A machine that calls a secret-backed route. */
  | 'INTERNAL'
  /** An internal service, by a JWT of the identity provider. */
  | 'SERVICE'
  /** Heliograph itself. */
  | 'SYSTEM'
  /** A person, by a JWT of the identity provider. */
  | 'USER';

/** Whether deliveries are sent to an endpoint at the moment. */
export type CircuitState =
  /** Deliveries are sent as they come. */
  | 'CLOSED'
  /** One delivery is being tried; its end decides. */
  | 'HALF_OPEN'
  /** The endpoint failed again and again: nothing is sent before `nextProbeAt`. */
  | 'OPEN';

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

/** Why an endpoint is not active. */
export type EndpointDisabledReason =
  /** Every attempt had failed for five days. */
  | 'FAILING'
  /** The receiver answered with status 410. */
  | 'GONE'
  /** Somebody set `isActive` to false. */
  | 'MANUAL';

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

/** What an API key, a JWT or a console link may do. The JWT claim `permissions` holds the same names in lower case. */
export type Permission =
  /** See, create and revoke API keys. */
  | 'MANAGE_API_KEYS'
  /** Create partner apps, and install apps for the tenant. */
  | 'MANAGE_APPS'
  /** Register and deprecate event types, for the whole platform. Never held by a key or a console link. */
  | 'MANAGE_EVENT_TYPES'
  /** See and create tenants, for the whole platform. Never held by a key or a console link. */
  | 'MANAGE_TENANTS'
  /** See and change endpoints and deliveries, and subscribe to the live log. */
  | 'MANAGE_WEBHOOKS'
  /** Publish events. */
  | 'PUBLISH_EVENTS'
  /** Read the owner's audit log. */
  | 'READ_AUDIT_LOG';

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

export type DashboardQueryVariables = Exact<{
  endpoints?: number;
  deliveries?: number;
  filter?: DeliveryFilter | null | undefined;
}>;


export type DashboardQuery = { viewer: { kind: ActorKind, label: string, permissions: Array<Permission>, expiresAt: string | null, tenant: { id: string, name: string } | null }, endpoints: { nodes: Array<{ id: string, url: string, description: string | null, isActive: boolean, disabledReason: EndpointDisabledReason | null, verification: { status: VerificationStatus, reason: string | null }, circuit: { state: CircuitState, nextProbeAt: string | null } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } }, deliveries: { logPosition: number, nodes: Array<{ id: string, eventType: string, status: DeliveryStatus, failureReason: FailureReason | null, attemptCount: number, maxAttempts: number, nextAttemptAt: string | null, createdAt: string, completedAt: string | null, endpoint: { id: string, url: string } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type DeliveryRowFragment = { id: string, eventType: string, status: DeliveryStatus, failureReason: FailureReason | null, attemptCount: number, maxAttempts: number, nextAttemptAt: string | null, createdAt: string, completedAt: string | null, endpoint: { id: string, url: string } };

export type DeliveryLogSubscriptionVariables = Exact<{
  filter?: DeliveryFilter | null | undefined;
  after?: number | null | undefined;
  maxBatch?: number;
}>;


export type DeliveryLogSubscription = { deliveryLog: { after: number, position: number, head: number, changes: Array<{ position: number, deliveryId: string, endpointId: string, eventType: string, status: DeliveryStatus, previousStatus: DeliveryStatus | null, attemptNumber: number, responseStatus: number | null, occurredAt: string }> } };

export type DeliveryStatusChangedSubscriptionVariables = Exact<{
  filter?: DeliveryFilter | null | undefined;
  after?: number | null | undefined;
}>;


export type DeliveryStatusChangedSubscription = { deliveryStatusChanged: { position: number, after: number, deliveryId: string, endpointId: string, eventType: string, status: DeliveryStatus, previousStatus: DeliveryStatus | null, failureReason: FailureReason | null, attemptNumber: number, responseStatus: number | null, occurredAt: string } };

export const DeliveryRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryRowFragment, unknown>;
export const DashboardDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Dashboard"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"endpoints"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"20"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"deliveries"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"50"}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryFilter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"viewer"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"label"}},{"kind":"Field","name":{"kind":"Name","value":"permissions"}},{"kind":"Field","name":{"kind":"Name","value":"tenant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"endpoints"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"endpoints"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"disabledReason"}},{"kind":"Field","name":{"kind":"Name","value":"verification"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}}]}},{"kind":"Field","name":{"kind":"Name","value":"circuit"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"state"}},{"kind":"Field","name":{"kind":"Name","value":"nextProbeAt"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"deliveries"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"deliveries"}}},{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"logPosition"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"FragmentSpread","name":{"kind":"Name","value":"DeliveryRow"}}]}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DashboardQuery, DashboardQueryVariables>;
export const DeliveryLogDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"DeliveryLog"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"SafeInt"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"maxBatch"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}},"defaultValue":{"kind":"IntValue","value":"100"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deliveryLog"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"maxBatch"},"value":{"kind":"Variable","name":{"kind":"Name","value":"maxBatch"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"head"}},{"kind":"Field","name":{"kind":"Name","value":"changes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"deliveryId"}},{"kind":"Field","name":{"kind":"Name","value":"endpointId"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"previousStatus"}},{"kind":"Field","name":{"kind":"Name","value":"attemptNumber"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}}]}}]}}]}}]} as unknown as DocumentNode<DeliveryLogSubscription, DeliveryLogSubscriptionVariables>;
export const DeliveryStatusChangedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"DeliveryStatusChanged"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"filter"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryFilter"}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"SafeInt"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"deliveryStatusChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"filter"},"value":{"kind":"Variable","name":{"kind":"Name","value":"filter"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"position"}},{"kind":"Field","name":{"kind":"Name","value":"after"}},{"kind":"Field","name":{"kind":"Name","value":"deliveryId"}},{"kind":"Field","name":{"kind":"Name","value":"endpointId"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"previousStatus"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"attemptNumber"}},{"kind":"Field","name":{"kind":"Name","value":"responseStatus"}},{"kind":"Field","name":{"kind":"Name","value":"occurredAt"}}]}}]}}]} as unknown as DocumentNode<DeliveryStatusChangedSubscription, DeliveryStatusChangedSubscriptionVariables>;