/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
/** The kinds of events that an app’s webhook can receive. */
export type AppEventStream =
  /** Events of the tenants that have installed the app and are subscribed, limited to those that the published version declares. */
  | 'INSTALLED_TENANT_EVENTS'
  /** Events about the app itself, such as `app.installed`. The webhook’s `events` do not filter them. */
  | 'LIFECYCLE';

/** The permissions that a member of a partner app can have for it. */
export type AppPermission =
  /** Change and delete the app. */
  | 'MANAGE_APP'
  /** Invite, change and remove members. */
  | 'MANAGE_MEMBERS'
  /** Set, test, verify and pause the app's webhook; replay and purge its deliveries. */
  | 'MANAGE_WEBHOOK'
  /** Publish versions of the app. */
  | 'PUBLISH_VERSIONS'
  /** Rotate the app's client secret and its webhook's signing secret. */
  | 'ROTATE_SECRETS'
  /** Read the app's deliveries and installations, and subscribe to its live log. */
  | 'VIEW_DELIVERIES';

/** Whether a version decides which events are forwarded. */
export type AppVersionStatus =
  /** Not published yet. */
  | 'DRAFT'
  /** This version decides which events are forwarded. An app has at most one. */
  | 'PUBLISHED'
  /** A later version was published. */
  | 'SUPERSEDED';

/** The input of `createApp`. */
export type CreateAppInput = {
  /** Makes it safe to repeat the call: for 24 hours, the same caller with the same key and the same input gets the first answer again, and nothing is done twice. 1 to 255 printable ASCII characters. The header `Idempotency-Key` does the same. A call with the same key and another input, or one made while the first still runs, is answered with an IdempotencyError. */
  idempotencyKey?: string | null | undefined;
  /** Display name: 1 to 200 characters without control characters. White space around it is removed. */
  name: string;
  /** The email address of the first member, who gets every permission for the app: at most 254 characters. By default it is the calling user’s; callers that are not users must give it. */
  ownerEmail?: string | null | undefined;
  /** The partner’s own identifier for the app: 1 to 200 visible ASCII characters. It is unique and never changes. */
  source: string;
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

/** The input of `inviteAppMember`. */
export type InviteAppMemberInput = {
  /** The app’s id: `app_…`. */
  appId: string;
  /** The email address of the person to invite. Case does not matter. */
  email: string;
  /** Makes it safe to repeat the call: for 24 hours, the same caller with the same key and the same input gets the first answer again, and nothing is done twice. 1 to 255 printable ASCII characters. The header `Idempotency-Key` does the same. A call with the same key and another input, or one made while the first still runs, is answered with an IdempotencyError. */
  idempotencyKey?: string | null | undefined;
  /** The permissions of the new member: at least one. More than 1,000 entries are BAD_USER_INPUT. */
  permissions: Array<AppPermission>;
};

/** The input of `publishAppVersion`. */
export type PublishAppVersionInput = {
  /** The app’s id: `app_…`. */
  appId: string;
  /** Only event types with one of these data types: at most 100, each once, and each used by an event type of the categories. Empty means any data type. More than 1,000 entries are BAD_USER_INPUT. */
  dataTypes: Array<string>;
  /** The name of the version, unique within the app: 1 to 50 visible ASCII characters. */
  version: string;
  /** The categories of registered event types that are forwarded: at most 100, each once. Empty means that nothing is forwarded. The platform’s own categories (`app`, `endpoint`) cannot be declared. More than 1,000 entries are BAD_USER_INPUT. */
  webhookCategories: Array<string>;
};

/** The complete settings of the webhook. A field that is left out gets its default. */
export type SetAppWebhookInput = {
  /** The app’s id: `app_…`. */
  appId: string;
  /** A note of your own. At most 1000 characters. */
  description?: string | null | undefined;
  /** The forwarded events to receive: 1 to 100 different event type names, `comment.*` for a category, or `*` for all. Events that the published version does not declare are never forwarded. More than 1,000 entries are BAD_USER_INPUT. */
  events?: Array<string>;
  /** If false, nothing is sent, and waiting deliveries end as FAILED (ENDPOINT_INACTIVE). */
  isActive?: boolean;
  /** The kinds of events to receive: at least one. More than 1,000 entries are BAD_USER_INPUT. */
  streams: Array<AppEventStream>;
  /** Where deliveries are POSTed to. At most 2,048 characters, http or https (only https in production), no user name, no fragment; not an address to which webhooks must not be sent. */
  url: string;
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

export type OutcomesFragment = { succeeded: number, failed: number, inFlight: number, successRate: number | null, latencyP50: number | null, latencyP95: number | null, timeline: Array<{ start: string, succeeded: number, failed: number, inFlight: number }>, latencyTimeline: Array<{ start: string, attempts: number, latencyP50: number | null, latencyP95: number | null }> };

export type AppsPageQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type AppsPageQuery = { apps: { totalCount: number, pageInfo: { hasNextPage: boolean, endCursor: string | null }, nodes: Array<{ id: string, name: string, source: string, createdAt: string, publishedVersion: { id: string, version: string } | null }> }, appInstallations: { totalCount: number, nodes: Array<{ id: string, installedAt: string, revokedAt: string | null, isSubscribed: boolean, permissions: Array<string>, app: { appId: string, name: string } }> } };

export type OneAppQueryVariables = Exact<{
  id: string;
}>;


export type OneAppQuery = { app: { id: string, name: string, source: string, clientId: string, createdAt: string, clientSecrets: Array<{ id: string, createdAt: string, expiresAt: string | null }> | null, publishedVersion: { id: string, version: string } | null, versions: { nodes: Array<{ id: string, version: string, status: AppVersionStatus, webhookCategories: Array<string>, dataTypes: Array<string>, createdAt: string }> }, webhook: { streams: Array<AppEventStream>, endpoint: { id: string, url: string, description: string | null, isActive: boolean, events: Array<string>, pausedAt: string | null, state: { name: EndpointStateName, reason: string | null, since: string | null } } } | null, members: Array<{ id: string, email: string, permissions: Array<AppPermission> }> | null, invitations: Array<{ id: string, email: string, expiresAt: string }> | null, installations: { totalCount: number, nodes: Array<{ id: string, installedAt: string, revokedAt: string | null, isSubscribed: boolean, tenant: { id: string, name: string } }> } | null, webhookAnalytics: { installedTenants: number, subscribedTenants: number, recentDeliveries: number, recentFailures: number, timeline: Array<{ start: string, succeeded: number, failed: number }>, failuresByTenant: Array<{ failed: number, tenant: { id: string, name: string } }> } | null } | null };

export type CreateAnAppMutationVariables = Exact<{
  input: CreateAppInput;
}>;


export type CreateAnAppMutation = { result:
    | { code: ErrorCode, message: string }
    | { clientSecret: string, webhookSecret: string, app: { id: string, name: string, clientId: string } }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type RotateClientSecretMutationVariables = Exact<{
  id: string;
  overlapSeconds: number;
}>;


export type RotateClientSecretMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { secret: string, app: { id: string } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type MakeInstallLinkMutationVariables = Exact<{
  id: string;
  permissions: Array<string> | string;
}>;


export type MakeInstallLinkMutation = { result:
    | { url: string, expiresAt: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type SetWebhookMutationVariables = Exact<{
  input: SetAppWebhookInput;
}>;


export type SetWebhookMutation = { result:
    | { code: ErrorCode, message: string }
    | { webhook: { streams: Array<AppEventStream> } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type PublishVersionMutationVariables = Exact<{
  input: PublishAppVersionInput;
}>;


export type PublishVersionMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { version: { id: string } }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type InviteMemberMutationVariables = Exact<{
  input: InviteAppMemberInput;
}>;


export type InviteMemberMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { token: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string, issues: Array<{ path: Array<string>, code: string, message: string }> }
   };

export type RemoveMemberMutationVariables = Exact<{
  id: string;
}>;


export type RemoveMemberMutation = { result:
    | { code: ErrorCode, message: string }
    | { code: ErrorCode, message: string }
    | { app: { id: string } }
   };

export const ActProblemFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<ActProblemFragment, unknown>;
export const DeliveryRowFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"DeliveryRow"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Delivery"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"failureReason"}},{"kind":"Field","name":{"kind":"Name","value":"eventType"}},{"kind":"Field","name":{"kind":"Name","value":"kind"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"completedAt"}},{"kind":"Field","name":{"kind":"Name","value":"nextAttemptAt"}},{"kind":"Field","name":{"kind":"Name","value":"attemptCount"}},{"kind":"Field","name":{"kind":"Name","value":"maxAttempts"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}}]}}]}}]} as unknown as DocumentNode<DeliveryRowFragment, unknown>;
export const OutcomesFragmentDoc = {"kind":"Document","definitions":[{"kind":"FragmentDefinition","name":{"kind":"Name","value":"Outcomes"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"DeliveryStats"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}},{"kind":"Field","name":{"kind":"Name","value":"successRate"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"inFlight"}}]}},{"kind":"Field","name":{"kind":"Name","value":"latencyTimeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"Variable","name":{"kind":"Name","value":"buckets"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"attempts"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP50"}},{"kind":"Field","name":{"kind":"Name","value":"latencyP95"}}]}}]}}]} as unknown as DocumentNode<OutcomesFragment, unknown>;
export const AppsPageDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"AppsPage"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"apps"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"publishedVersion"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"version"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"appInstallations"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"50"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"installedAt"}},{"kind":"Field","name":{"kind":"Name","value":"revokedAt"}},{"kind":"Field","name":{"kind":"Name","value":"isSubscribed"}},{"kind":"Field","name":{"kind":"Name","value":"permissions"}},{"kind":"Field","name":{"kind":"Name","value":"app"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"appId"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}}]} as unknown as DocumentNode<AppsPageQuery, AppsPageQueryVariables>;
export const OneAppDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"OneApp"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"app"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"source"}},{"kind":"Field","name":{"kind":"Name","value":"clientId"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"clientSecrets"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"publishedVersion"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"version"}}]}},{"kind":"Field","name":{"kind":"Name","value":"versions"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"version"}},{"kind":"Field","name":{"kind":"Name","value":"status"}},{"kind":"Field","name":{"kind":"Name","value":"webhookCategories"}},{"kind":"Field","name":{"kind":"Name","value":"dataTypes"}},{"kind":"Field","name":{"kind":"Name","value":"createdAt"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"webhook"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"streams"}},{"kind":"Field","name":{"kind":"Name","value":"endpoint"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"description"}},{"kind":"Field","name":{"kind":"Name","value":"isActive"}},{"kind":"Field","name":{"kind":"Name","value":"events"}},{"kind":"Field","name":{"kind":"Name","value":"pausedAt"}},{"kind":"Field","name":{"kind":"Name","value":"state"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"reason"}},{"kind":"Field","name":{"kind":"Name","value":"since"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"members"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"permissions"}}]}},{"kind":"Field","name":{"kind":"Name","value":"invitations"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"email"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"Field","name":{"kind":"Name","value":"installations"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"20"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"totalCount"}},{"kind":"Field","name":{"kind":"Name","value":"nodes"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"installedAt"}},{"kind":"Field","name":{"kind":"Name","value":"revokedAt"}},{"kind":"Field","name":{"kind":"Name","value":"isSubscribed"}},{"kind":"Field","name":{"kind":"Name","value":"tenant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"webhookAnalytics"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"installedTenants"}},{"kind":"Field","name":{"kind":"Name","value":"subscribedTenants"}},{"kind":"Field","name":{"kind":"Name","value":"recentDeliveries"}},{"kind":"Field","name":{"kind":"Name","value":"recentFailures"}},{"kind":"Field","name":{"kind":"Name","value":"timeline"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"buckets"},"value":{"kind":"IntValue","value":"48"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"start"}},{"kind":"Field","name":{"kind":"Name","value":"succeeded"}},{"kind":"Field","name":{"kind":"Name","value":"failed"}}]}},{"kind":"Field","name":{"kind":"Name","value":"failuresByTenant"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"IntValue","value":"5"}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"failed"}},{"kind":"Field","name":{"kind":"Name","value":"tenant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<OneAppQuery, OneAppQueryVariables>;
export const CreateAnAppDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"CreateAnApp"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"CreateAppInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"createApp"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateAppPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"clientSecret"}},{"kind":"Field","name":{"kind":"Name","value":"webhookSecret"}},{"kind":"Field","name":{"kind":"Name","value":"app"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}},{"kind":"Field","name":{"kind":"Name","value":"name"}},{"kind":"Field","name":{"kind":"Name","value":"clientId"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<CreateAnAppMutation, CreateAnAppMutationVariables>;
export const RotateClientSecretDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RotateClientSecret"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"overlapSeconds"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"rotateAppClientSecret"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"appId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"overlapSeconds"},"value":{"kind":"Variable","name":{"kind":"Name","value":"overlapSeconds"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RotateAppSecretPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"secret"}},{"kind":"Field","name":{"kind":"Name","value":"app"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RotateClientSecretMutation, RotateClientSecretMutationVariables>;
export const MakeInstallLinkDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"MakeInstallLink"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"permissions"}},"type":{"kind":"NonNullType","type":{"kind":"ListType","type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"createInstallLink"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"appId"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}},{"kind":"ObjectField","name":{"kind":"Name","value":"permissions"},"value":{"kind":"Variable","name":{"kind":"Name","value":"permissions"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"CreateInstallLinkPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"url"}},{"kind":"Field","name":{"kind":"Name","value":"expiresAt"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<MakeInstallLinkMutation, MakeInstallLinkMutationVariables>;
export const SetWebhookDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"SetWebhook"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"SetAppWebhookInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"setAppWebhook"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"SetAppWebhookPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"webhook"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"streams"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<SetWebhookMutation, SetWebhookMutationVariables>;
export const PublishVersionDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"PublishVersion"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"PublishAppVersionInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"publishAppVersion"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"PublishAppVersionPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"version"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<PublishVersionMutation, PublishVersionMutationVariables>;
export const InviteMemberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"InviteMember"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"InviteAppMemberInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"inviteAppMember"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"InviteAppMemberPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"token"}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<InviteMemberMutation, InviteMemberMutationVariables>;
export const RemoveMemberDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"RemoveMember"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"id"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"ID"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","alias":{"kind":"Name","value":"result"},"name":{"kind":"Name","value":"removeAppMember"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"id"},"value":{"kind":"Variable","name":{"kind":"Name","value":"id"}}}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"RemoveAppMemberPayload"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"app"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"id"}}]}}]}},{"kind":"FragmentSpread","name":{"kind":"Name","value":"ActProblem"}}]}}]}},{"kind":"FragmentDefinition","name":{"kind":"Name","value":"ActProblem"},"typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"Error"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}},{"kind":"InlineFragment","typeCondition":{"kind":"NamedType","name":{"kind":"Name","value":"ValidationError"}},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"issues"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"path"}},{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<RemoveMemberMutation, RemoveMemberMutationVariables>;