/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** The kinds of callers. */
export type ActorKind =
  /** An API key of a tenant. */
  | 'API_KEY'
  /** A partner app with its own access token. */
  | 'APP'
  /** A person who opened a link to the console that `createConsoleLink` made. */
  | 'CONSOLE_LINK'
  /** A machine that calls a secret-backed route. */
  | 'INTERNAL'
  /** An internal service with a JWT of the identity provider. */
  | 'SERVICE'
  /** Heliograph itself. */
  | 'SYSTEM'
  /** A person with a JWT of the identity provider. */
  | 'USER';

/** Whether deliveries are sent to an endpoint at the moment. */
export type CircuitState =
  /** Deliveries are sent normally. */
  | 'CLOSED'
  /** One delivery is being tried. Its result decides whether the circuit closes or opens again. */
  | 'HALF_OPEN'
  /** The endpoint failed repeatedly. Nothing is sent before `nextProbeAt`. */
  | 'OPEN';

/** Conditions on deliveries. A delivery must meet all of them. One that is null or absent is ignored; an empty list matches nothing. An id that is malformed or that somebody else owns matches nothing. An index serves these filters, so that they cost the same for any number of deliveries: no condition or only a window; `id`; `eventId`; `endpointId`; `eventType`; `status` without SUCCEEDED (also with `endpointId`, `eventType` and a window); `kind` without EVENT; `isReplayed: true`; an app’s `tenant`. With any other filter the deliveries are searched from the newest on, which is fast if matches are common and slow if they are rare. A window limits the search. */
export type DeliveryFilter = {
  /** Only deliveries created at this instant or later. */
  createdAfter?: string | null | undefined;
  /** Only deliveries created before this instant. It must be later than `createdAfter`, otherwise it is BAD_USER_INPUT. */
  createdBefore?: string | null | undefined;
  /** Only deliveries to these endpoints. More than 100 entries are BAD_USER_INPUT. */
  endpointId?: Array<string> | null | undefined;
  /** Only deliveries of which an attempt’s `error` contains this text, in upper or lower case. Together with `responseStatus`, one attempt must meet both. It must have 3 to 200 characters, without line breaks, control characters or characters that change the direction of writing. In a subscription it is BAD_USER_INPUT. Among the deliveries that all other conditions let through, one page looks at the next 10,000 (shared by the endpoints, where the deliveries of several are asked for). If it stops there, it is shorter than was asked for, `hasNextPage` is true, and `endCursor` continues the search; `deliveryCount` looks at the newest 10,000 and says `isCapped`. Name an endpoint, a window, or `status` without SUCCEEDED to look at fewer. */
  errorContains?: string | null | undefined;
  /** Only deliveries of these events. More than 100 entries are BAD_USER_INPUT. */
  eventId?: Array<string> | null | undefined;
  /** Only deliveries of these event types, by their exact names. More than 100 entries are BAD_USER_INPUT. */
  eventType?: Array<string> | null | undefined;
  /** Only these deliveries. More than 100 entries are BAD_USER_INPUT. */
  id?: Array<string> | null | undefined;
  /** Only deliveries that have been replayed (true) or have not (false). In the live log `true` matches nothing, because the changes of a delivery come before its replay. */
  isReplayed?: boolean | null | undefined;
  /** Only deliveries of these kinds. More than 100 entries are BAD_USER_INPUT. */
  kind?: Array<DeliveryKind> | null | undefined;
  /** Only deliveries of which an attempt was answered with one of these HTTP statuses; in the live log, changes that such an answer led to. Among the deliveries that all other conditions let through, one page looks at the next 10,000 (shared by the endpoints, where the deliveries of several are asked for). If it stops there, it is shorter than was asked for, `hasNextPage` is true, and `endCursor` continues the search; `deliveryCount` looks at the newest 10,000 and says `isCapped`. Name an endpoint, a window, or `status` without SUCCEEDED to look at fewer. More than 100 entries are BAD_USER_INPUT. */
  responseStatus?: Array<number> | null | undefined;
  /** Only deliveries with one of these statuses: in a list the current status, in the live log the status that it changed to. More than 100 entries are BAD_USER_INPUT. */
  status?: Array<DeliveryStatus> | null | undefined;
  /** Only an app's deliveries of events of these tenants, by `externalId`. A subscription knows the tenants that existed when it began. More than 100 entries are BAD_USER_INPUT. */
  tenant?: Array<string> | null | undefined;
};

/** Whether a delivery was created by a published event, a replay or a test. */
export type DeliveryKind =
  /** Created when the event was published. */
  | 'EVENT'
  /** Created by a replay. It has the same event and the same `webhook-id` as the original. */
  | 'REPLAY'
  /** Created by `testEndpoint`. It has the header `webhook-test: true`. */
  | 'TEST';

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

/** Why an endpoint is not active. */
export type EndpointDisabledReason =
  /** Every attempt failed for five days. */
  | 'FAILING'
  /** The receiver answered with status 410. */
  | 'GONE'
  /** Somebody set `isActive` to false. */
  | 'MANUAL';

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

/** The permissions of an API key, a JWT or a console link. The JWT claim `permissions` holds the same names in lower case. */
export type Permission =
  /** See, create and revoke API keys. */
  | 'MANAGE_API_KEYS'
  /** Create partner apps, and install apps for the tenant. */
  | 'MANAGE_APPS'
  /** Register and deprecate event types, for the whole platform. API keys and console links cannot have it. */
  | 'MANAGE_EVENT_TYPES'
  /** See and create tenants, for the whole platform. API keys and console links cannot have it. */
  | 'MANAGE_TENANTS'
  /** See and change endpoints and deliveries, and subscribe to the live log. */
  | 'MANAGE_WEBHOOKS'
  /** Publish events. */
  | 'PUBLISH_EVENTS'
  /** Read the owner's audit log. */
  | 'READ_AUDIT_LOG';

/** Whether the receiver at the URL has answered the ownership handshake. */
export type VerificationStatus =
  /** The last handshake failed for the reason in `reason`. Nothing is delivered. */
  | 'FAILED'
  /** The handshake is running. Deliveries wait until it has ended. */
  | 'PENDING'
  /** There has been no handshake since the URL was changed: call `verifyEndpoint`. Nothing is delivered. */
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