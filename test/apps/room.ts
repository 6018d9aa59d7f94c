import { limitsWith } from '../support/limits.ts';
import '../../src/apps/app.graph.ts';
import '../../src/installations/app-installations.graph.ts';
import '../../src/apps/app-members.graph.ts';
import '../../src/apps/app-versions.graph.ts';
import '../../src/apps/app-webhook.graph.ts';
import '../../src/apps/change-app.graph.ts';
import '../../src/deliveries/app-deliveries.graph.ts';
import '../../src/statistics/app-analytics.graph.ts';
import '../../src/statistics/count-deliveries.graph.ts';
import '../../src/deliveries/attempts.graph.ts';
import '../../src/events/events.graph.ts';
import '../../src/replays/replay.graph.ts';
import '../../src/deliveries/subscriptions.graph.ts';
import '../../src/endpoints/change-endpoints.graph.ts';
import '../../src/endpoint-lists/endpoints.graph.ts';
import '../../src/endpoints/prove-endpoint.graph.ts';
import '../../src/event-types/event-types.graph.ts';
import '../../src/events/publish.graph.ts';
import { createRequire } from 'node:module';
import type { ExecutionResult } from 'graphql';
import type { Actor } from '../../src/access/actor.ts';
import { GrantWatch } from '../../src/access/grant-watch.ts';
import { permissions } from '../../src/access/permissions.ts';
import type { InvitationMailer } from '../../src/apps/invitation-mailer.ts';
import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender } from '../../src/egress/send.ts';
import { Handshakes } from '../../src/endpoints/handshakes.ts';
import { registerEventType } from '../../src/event-types/catalogue.ts';
import { EventTypeCatalogue } from '../../src/event-types/payload-validator.ts';
import { Publisher } from '../../src/events/publisher.ts';
import { Forwarder } from '../../src/forwarding/forwarder.ts';
import { builder } from '../../src/graph/builder.ts';
import type { Context, Services } from '../../src/graph/context.ts';
import { decodeId } from '../../src/ids.ts';
import { Hub } from '../../src/live/hub.ts';
import { ReplayRunner } from '../../src/replays/replay-runner.ts';
import { SecretBox } from '../../src/signing/secret-box.ts';
import { TenantStandings } from '../../src/tenants/tenant-standings.ts';
import { serviceActor } from '../access/actors.ts';
import { configWith } from '../access/issuer.ts';
import { addTenant } from '../access/tenants.ts';
import { createTestDatabase, quietLogger } from '../support/database.ts';
import { testSecrets } from '../support/worker.ts';

// The copy that Pothos uses. The test runner would resolve an import to the package's other copy.
const { graphql, isUnionType, parse, subscribe }: typeof import('graphql') = createRequire(import.meta.url)(
  'graphql',
);

/** The room with everything that it needs, over its own database. Requests may only be sent to 127.0.0.1. */
export type Apps = Awaited<ReturnType<typeof openApps>>;
export type Made = Readonly<{ id: string; uuid: string; clientSecret: string; webhookSecret: string }>;

export const allAppPermissions = [
  'MANAGE_APP',
  'MANAGE_WEBHOOK',
  'ROTATE_SECRETS',
  'MANAGE_MEMBERS',
  'PUBLISH_VERSIONS',
  'VIEW_DELIVERIES',
];

export async function openApps(options: { invitationMailer?: InvitationMailer } = {}) {
  const db = await createTestDatabase();
  const { database } = db;
  const config = configWith({ RETRY_SCHEDULE: '0,0' });
  const limits = limitsWith();
  const sender = createSender({
    guard: new AddressGuard(['127.0.0.1/32']),
    requireHttps: false,
    maxResponseBytes: 65_536,
    keptResponseBytes: 4_096,
  });
  const handshakes = new Handshakes({
    database,
    logger: quietLogger,
    sender,
    secrets: testSecrets,
    userAgent: 'Heliograph/test',
    config: { verifyTimeoutMs: 5_000, requireVerification: true, retrySchedule: [0, 5] },
  });
  const hub = new Hub({ database, hints: database.hints, logger: quietLogger });
  const grantWatch = new GrantWatch({ database, logger: quietLogger, lookEveryMs: 50 });
  const box = new SecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]);
  const parts: Partial<Services> = {
    config,
    database,
    logger: quietLogger,
    hints: database.hints,
    addressGuard: new AddressGuard(['127.0.0.1/32']),
    secretBox: box,
    signingSecrets: testSecrets,
    limits,
    handshakes,
    hub,
    grantWatch,
    eventTypes: new EventTypeCatalogue(database),
    publisher: new Publisher({ database, config, limits }),
    tenantStandings: new TenantStandings(database),
    // It is never started, so a bulk replay stays as it was requested.
    replayRunner: new ReplayRunner({ database, config, limits, logger: quietLogger }),
    invitationMailer: options.invitationMailer,
  };
  // The missing services belong to other rooms.
  const services = parts as Services;
  const schema = builder.toSchema();
  const forwarder = new Forwarder({ database, logger: quietLogger, config });

  const contextOf = (actor: Actor): Context => ({
    services,
    actor,
    requestId: 'req-1',
    idempotencyKey: undefined,
  });

  async function ask(
    actor: Actor,
    source: string,
    variableValues: Readonly<Record<string, unknown>> = {},
  ): Promise<ExecutionResult<Record<string, unknown>>> {
    const result = await graphql({ schema, source, contextValue: contextOf(actor), variableValues });
    return JSON.parse(JSON.stringify(result));
  }

  /** Runs a mutation and returns the member of its union, or the code of the error. */
  async function act<Result = Record<string, unknown>>(
    actor: Actor,
    name: string,
    { input, fields = '' }: { input: object; fields?: string },
  ): Promise<Result & { __typename: string }> {
    const base = name.charAt(0).toUpperCase() + name.slice(1);
    const shared = name.startsWith('rotateApp') ? 'RotateAppSecret' : base;
    const payload = fields === '' ? '' : `... on ${shared}Payload { ${fields} }`;
    const union = schema.getType(`${base}Result`);
    const mayBeInvalid =
      isUnionType(union) && union.getTypes().some((type) => type.name === 'ValidationError');
    const issues = mayBeInvalid ? '... on ValidationError { issues { path code } }' : '';
    const { data, errors } = await ask(
      actor,
      `mutation ($input: ${shared}Input!) { ${name}(input: $input) {
         __typename ${payload} ... on Error { code message } ${issues}
       } }`,
      { input },
    );
    const result = data?.[name] ?? { __typename: `${codeOf(errors?.[0])}` };
    return result as Result & { __typename: string };
  }

  return {
    db,
    database,
    services,
    handshakes,
    hub,
    grantWatch,
    forwarder,
    box,
    ask,
    act,
    follow: (actor: Actor, source: string) =>
      subscribe({ schema, document: parse(source), contextValue: contextOf(actor) }),
    addTenant: (externalId: string) => addTenant(database, externalId),
    /** A user of a tenant with all permissions there, or with the given ones. */
    user: (
      email: string,
      tenantId?: string,
      granted: readonly (typeof permissions)[number][] = permissions,
    ): Actor => ({
      ...serviceActor(tenantId, granted),
      kind: 'USER',
      actorId: email,
      label: email,
      verifiedEmail: email,
    }),
    tool: (app: Pick<Made, 'uuid'>): Actor => ({
      ...serviceActor(undefined, []),
      kind: 'APP',
      actorId: 'client',
      appId: app.uuid,
    }),
    async makeApp(actor: Actor, source: string): Promise<Made> {
      const made = await act<{ app: { id: string }; clientSecret: string; webhookSecret: string }>(
        actor,
        'createApp',
        { input: { name: source, source }, fields: 'app { id } clientSecret webhookSecret' },
      );
      const { clientSecret, webhookSecret } = made;
      return { id: made.app.id, uuid: decodeId('App', made.app.id) ?? '', clientSecret, webhookSecret };
    },
    /** Adds a member as an accepted invitation would. */
    async addMember(app: Made, by: Actor, member: { actor: Actor; permissions: readonly string[] }) {
      const { token } = await act<{ token: string }>(by, 'inviteAppMember', {
        input: { appId: app.id, email: member.actor.verifiedEmail, permissions: member.permissions },
        fields: 'token',
      });
      const { member: made } = await act<{ member: { id: string } }>(member.actor, 'acceptAppInvitation', {
        input: { token },
        fields: 'member { id }',
      });
      return made.id;
    },
    publishVersion: (
      actor: Actor,
      app: Made,
      declared: { version?: string; categories?: string[]; dataTypes?: string[] } = {},
    ) =>
      act(actor, 'publishAppVersion', {
        input: {
          appId: app.id,
          version: declared.version ?? '1.0.0',
          webhookCategories: declared.categories ?? ['comment'],
          dataTypes: declared.dataTypes ?? [],
        },
        fields: 'version { id }',
      }),
    async install(actor: Actor, app: Made, isSubscribed = true): Promise<string> {
      const installed = await act<{ installation?: { id: string } }>(actor, 'installApp', {
        input: { appId: app.id, permissions: ['read'], isSubscribed },
        fields: 'installation { id }',
      });
      if (installed.installation === undefined)
        throw new Error(`Not installed: ${JSON.stringify(installed)}`);
      return installed.installation.id;
    },
    setWebhook: (actor: Actor, app: Made, input: object) =>
      act<{ webhook: { endpoint: { id: string } } }>(actor, 'setAppWebhook', {
        input: { appId: app.id, streams: ['LIFECYCLE', 'INSTALLED_TENANT_EVENTS'], ...input },
        fields: 'webhook { streams endpoint { id url isActive verification { status } } }',
      }),
    /** The state after a successful handshake. */
    async verify(app: Made): Promise<void> {
      await handshakes.idle();
      await database.api.query("update endpoint set verification = 'VERIFIED' where owner_id = $1", [
        app.uuid,
      ]);
    },
    async registerTypes(...names: readonly (readonly [name: string, dataType: string])[]): Promise<void> {
      for (const [name, dataType] of names) {
        await database.query
          .transaction()
          .execute((trx) =>
            registerEventType(
              trx,
              { name, dataType, description: 'Something happened.', example: {} },
              { by: { actor: serviceActor(), requestId: undefined }, limits },
            ),
          );
      }
    },
    async publish(actor: Actor, ...types: readonly string[]): Promise<void> {
      const { __typename } = await act(actor, 'publishEvents', {
        input: { events: types.map((type) => ({ type, payload: {} })) },
      });
      if (__typename !== 'PublishEventsPayload') throw new Error(`Not published: ${__typename}`);
    },
    /**
     * The types of the events that the app owns, oldest first, with their tenants and the statuses of their
     * deliveries.
     */
    async eventsOf(
      app: Pick<Made, 'uuid'>,
    ): Promise<{ type: string; tenant: string | null; status: string | null }[]> {
      const { rows } = await database.api.query(
        `select e.type, t.external_id as tenant, d.status from event e
           left join tenant t on t.id = e.tenant_id
           left join delivery d on d.owner_id = e.owner_id and d.event_id = e.id
          where e.owner_id = $1 order by e.id`,
        [app.uuid],
      );
      return rows;
    },
    async close(): Promise<void> {
      await forwarder.stop();
      await Promise.all([handshakes.stop(), hub.stop(), grantWatch.stop()]);
      await sender.close();
      await db.drop();
    },
  };
}

function codeOf(error: { extensions?: unknown; message: string } | undefined): string {
  const extensions: unknown = error?.extensions;
  if (typeof extensions === 'object' && extensions !== null && 'code' in extensions)
    return String(extensions.code);
  // The server adds the codes, so here the original error is checked.
  return error?.message ?? 'NOTHING';
}
