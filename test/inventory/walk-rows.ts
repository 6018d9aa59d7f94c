/** The caller and its own records. A field of a record is reached through these. */
export type Own = Readonly<{
  tenant: string;
  app: string;
  endpoint: string;
  event: string;
  delivery: string;
}>;

/** How a value gets to one path of the schema. */
type WalkRow = Readonly<{
  /** The kinds of records that the value may name; `position` and `tenant` for values that are not ids. */
  of: readonly string[];
  /** The kinds for which the owner gets an answer; by default all. */
  finds?: readonly string[];
  /** `value` as it is written in GraphQL. */
  document(value: string, own: Own): string;
  /** The answer to a caller that names a missing record. */
  missing?: 'NotFoundError' | 'NOT_FOUND' | 'FOREIGN_TENANT' | 'BAD_USER_INPUT';
}>;

type Documents = (args: string, own: Own) => string;
type WalkRows = Readonly<Record<string, WalkRow>>;

export const everyType = [
  ...[
    'ApiKey',
    'App',
    'AppInstallation',
    'AppInvitation',
    'AppMember',
    'AppVersion',
    'AuditEntry',
    'Delivery',
  ],
  ...['CancelJob', 'DeliveryAttempt', 'Endpoint', 'Event', 'ReplayJob', 'Tenant'],
];

/** Both cursors of a list. */
function pages(field: string, node: string, document: Documents): WalkRows {
  return Object.fromEntries(
    ['after', 'before'].map((name) => [
      `${field}(${name})`,
      {
        of: [node],
        document: (value: string, own: Own) => document(`${name}: ${value}`, own),
        missing: 'BAD_USER_INPUT' as const,
      },
    ]),
  );
}

const ofFilter = { id: 'Delivery', eventId: 'Event', endpointId: 'Endpoint', tenant: 'tenant' } as const;
const ownOf = { id: 'delivery', eventId: 'event', endpointId: 'endpoint', tenant: 'tenant' } as const;

/** Every id in a delivery filter. With `withOwn`, an id of the caller's own is added, so that something is returned. */
function filters(field: string, document: Documents, { path = 'filter', withOwn = false } = {}): WalkRows {
  return Object.fromEntries(
    (['id', 'eventId', 'endpointId', 'tenant'] as const).map((name) => [
      `${field}(${path}.${name})`,
      {
        of: [ofFilter[name]],
        document: (value: string, own: Own) =>
          document(`filter: { ${name}: [${value}${withOwn ? `, "${own[ownOf[name]]}"` : ''}] }`, own),
      },
    ]),
  );
}

function act(name: string, id: string, of: string, more = ''): WalkRows {
  return {
    [`Mutation.${name}(input.${id})`]: {
      of: [of],
      document: (value) =>
        `mutation { ${name}(input: { ${id}: ${value} ${more} }) { __typename ... on Error { code message } ... on NotFoundError { missingId } } }`,
      missing: 'NotFoundError',
    },
  };
}

function find(name: string, of: readonly string[], fields = '{ id }'): WalkRows {
  return {
    [`Query.${name}(id)`]: { of, document: (value) => `{ ${name}(id: ${value}) ${fields} }` },
  };
}

const page = '{ nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor } }';
const url = '"http://127.0.0.1:9/hook"';
const jobOf = (payload: string) => `{ __typename ... on ${payload} { job { matched } } }`;

export const walkRows: WalkRows = {
  ...find('app', ['App']),
  ...find('appProfile', ['App'], '{ appId name }'),
  ...find('delivery', ['Delivery']),
  ...find('endpoint', ['Endpoint']),
  ...find('event', ['Event']),
  ...find('replayJob', ['ReplayJob']),
  ...find('cancelJob', ['CancelJob']),
  ...find('node', everyType),
  'Query.nodes(ids)': { of: everyType, document: (value) => `{ nodes(ids: [${value}]) { id } }` },
  'Query.logHead(appId)': {
    of: ['App'],
    document: (value) => `{ logHead(appId: ${value}) }`,
    missing: 'NOT_FOUND',
  },
  'Query.logOldest(appId)': {
    of: ['App'],
    document: (value) => `{ logOldest(appId: ${value}) }`,
    missing: 'NOT_FOUND',
  },
  'Query.auditLog(filter.targetId)': {
    of: everyType,
    finds: ['ApiKey', 'Endpoint'],
    document: (value) => `{ auditLog(filter: { targetId: ${value} }) ${page} }`,
  },
  'Query.events(filter.id)': {
    of: ['Event'],
    document: (value) => `{ events(filter: { id: [${value}] }) ${page} }`,
  },
  ...pages('Query.apiKeys', 'ApiKey', (args) => `{ apiKeys(${args}) ${page} }`),
  ...pages('Query.appInstallations', 'AppInstallation', (args) => `{ appInstallations(${args}) ${page} }`),
  ...pages('Query.apps', 'App', (args) => `{ apps(${args}) ${page} }`),
  ...pages('Query.auditLog', 'AuditEntry', (args) => `{ auditLog(${args}) ${page} }`),
  ...pages('Query.deliveries', 'Delivery', (args) => `{ deliveries(${args}) ${page} }`),
  ...pages('Query.endpoints', 'Endpoint', (args) => `{ endpoints(${args}) ${page} }`),
  ...pages('Query.events', 'Event', (args) => `{ events(${args}) ${page} }`),
  ...pages('Query.tenants', 'Tenant', (args) => `{ tenants(${args}) ${page} }`),
  ...pages(
    'App.deliveries',
    'Delivery',
    (args, { app }) => `{ app(id: "${app}") { deliveries(${args}) ${page} } }`,
  ),
  ...pages(
    'App.installations',
    'AppInstallation',
    (args, { app }) => `{ app(id: "${app}") { installations(${args}) ${page} } }`,
  ),
  ...pages(
    'App.versions',
    'AppVersion',
    (args, { app }) => `{ app(id: "${app}") { versions(${args}) ${page} } }`,
  ),
  ...pages(
    'Delivery.replays',
    'Delivery',
    (args, { delivery }) => `{ delivery(id: "${delivery}") { replays(${args}) ${page} } }`,
  ),
  ...pages(
    'Endpoint.auditLog',
    'AuditEntry',
    (args, { endpoint }) => `{ endpoint(id: "${endpoint}") { auditLog(${args}) ${page} } }`,
  ),
  ...pages(
    'Endpoint.deliveries',
    'Delivery',
    (args, { endpoint }) => `{ endpoint(id: "${endpoint}") { deliveries(${args}) ${page} } }`,
  ),
  ...pages(
    'EventType.subscribedEndpoints',
    'Endpoint',
    (args) => `{ eventType(name: "order.paid") { subscribedEndpoints(${args}) ${page} } }`,
  ),
  ...pages(
    'Event.deliveries',
    'Delivery',
    (args, { event }) => `{ event(id: "${event}") { deliveries(${args}) ${page} } }`,
  ),
  ...filters('Query.deliveries', (args) => `{ deliveries(${args}) ${page} }`),
  ...filters('Query.deliveryCount', (args) => `{ deliveryCount(${args}) { count } }`),
  ...filters('App.deliveries', (args, { app }) => `{ app(id: "${app}") { deliveries(${args}) ${page} } }`),
  ...filters(
    'Endpoint.deliveries',
    (args, { endpoint }) => `{ endpoint(id: "${endpoint}") { deliveries(${args}) ${page} } }`,
  ),
  ...filters(
    'Mutation.replayDeliveries',
    (args) => `mutation { replayDeliveries(input: { ${args} }) ${jobOf('ReplayDeliveriesPayload')} }`,
    {
      path: 'input.filter',
    },
  ),
  ...filters(
    'Mutation.cancelDeliveries',
    (args) => `mutation { cancelDeliveries(input: { ${args} }) ${jobOf('CancelDeliveriesPayload')} }`,
    { path: 'input.filter' },
  ),
  ...filters(
    'Subscription.deliveryLog',
    (args) => `subscription { deliveryLog(after: 0, ${args}) { changes { deliveryId } } }`,
    { withOwn: true },
  ),
  ...filters(
    'Subscription.deliveryStatusChanged',
    (args) => `subscription { deliveryStatusChanged(after: 0, ${args}) { deliveryId } }`,
    { withOwn: true },
  ),
  ...Object.fromEntries(
    [
      ['deliveryLog', '{ changes { deliveryId } }'],
      ['deliveryStatusChanged', '{ deliveryId }'],
    ].flatMap(([name, fields]) => [
      [
        `Subscription.${name}(appId)`,
        {
          of: ['App'],
          document: (value: string) => `subscription { ${name}(appId: ${value}, after: 0) ${fields} }`,
          missing: 'NOT_FOUND' as const,
        },
      ],
      [
        `Subscription.${name}(after)`,
        {
          of: ['position'],
          document: (value: string) => `subscription { ${name}(after: ${value}) ${fields} }`,
        },
      ],
    ]),
  ),
  'Subscription.replayJobProgress(id)': {
    of: ['ReplayJob'],
    document: (value) => `subscription { replayJobProgress(id: ${value}) { id } }`,
    missing: 'NOT_FOUND',
  },
  'Subscription.cancelJobProgress(id)': {
    of: ['CancelJob'],
    document: (value) => `subscription { cancelJobProgress(id: ${value}) { id } }`,
    missing: 'NOT_FOUND',
  },
  'Mutation.publishEvents(input.events.tenant)': {
    of: ['tenant'],
    document: (value) =>
      `mutation { publishEvents(input: { events: [{ tenant: ${value}, type: "order.paid", payload: {} }] }) { __typename ... on ValidationError { issues { path code message } } } }`,
    missing: 'FOREIGN_TENANT',
  },
  ...act('acceptAppInvitation', 'token', 'token'),
  ...act('cancelDelivery', 'id', 'Delivery'),
  ...act('createInstallLink', 'appId', 'App', 'permissions: []'),
  ...act('deleteApp', 'id', 'App'),
  ...act('deleteEndpoint', 'id', 'Endpoint'),
  ...act('installApp', 'appId', 'App', 'permissions: []'),
  ...act('inviteAppMember', 'appId', 'App', 'email: "new@others.example", permissions: [MANAGE_APP]'),
  ...act('publishAppVersion', 'appId', 'App', 'version: "9", webhookCategories: [], dataTypes: []'),
  ...act('pauseEndpoint', 'id', 'Endpoint'),
  ...act('purgeDeliveries', 'endpointId', 'Endpoint'),
  ...act('recoverEndpoint', 'id', 'Endpoint', 'since: "2026-01-01T00:00:00Z"'),
  ...act('removeAppMember', 'id', 'AppMember'),
  ...act('removeAppWebhook', 'appId', 'App'),
  ...act('replayDelivery', 'id', 'Delivery'),
  ...act('resumeEndpoint', 'id', 'Endpoint'),
  ...act('revokeApiKey', 'id', 'ApiKey'),
  ...act('rotateAppClientSecret', 'appId', 'App'),
  ...act('rotateAppWebhookSecret', 'appId', 'App'),
  ...act('rotateEndpointSecret', 'id', 'Endpoint'),
  ...act('setAppWebhook', 'appId', 'App', `url: ${url}, streams: [LIFECYCLE]`),
  ...act('testEndpoint', 'id', 'Endpoint'),
  ...act('uninstallApp', 'id', 'AppInstallation'),
  ...act('updateApp', 'id', 'App', 'name: "Mine"'),
  ...act('updateAppMember', 'id', 'AppMember', 'permissions: [MANAGE_APP]'),
  ...act('updateEndpoint', 'id', 'Endpoint', 'isActive: false'),
  ...act('updateInstallation', 'id', 'AppInstallation', 'isSubscribed: false'),
  ...act('verifyEndpoint', 'id', 'Endpoint'),
};
