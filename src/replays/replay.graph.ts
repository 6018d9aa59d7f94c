import { askedDelivery } from '../deliveries/asked-delivery.graph.ts';
import { Delivery } from '../deliveries/deliveries.graph.ts';
import { createdAt } from '../deliveries/delivery.ts';
import { DeliveryFilter } from '../deliveries/delivery-filter.graph.ts';
import { findDelivery } from '../deliveries/find-delivery.ts';
import { ownedLoader } from '../deliveries/owned-loader.ts';
import { viewPermission } from '../deliveries/view-permission.ts';
import { whileMember } from '../deliveries/while-member.ts';
import { askedOwnerOfEndpoint, askedOwners } from '../endpoints/asked-owner.ts';
import { changeEndpoints } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { usualLimits } from '../environment.ts';
import {
  IdempotencyError,
  LimitExceededError,
  NotFoundError,
  NotReplayableError,
  RequestError,
  ValidationError,
} from '../errors.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { findAllAmong, findAmong } from '../graph/find-among.ts';
import { node } from '../graph/node.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { decodeId, encodeId } from '../ids.ts';
import { hintDeliveries } from '../status/create-deliveries.ts';
import type { NewReplay } from '../status/replay-deliveries.ts';
import { jobProgress } from './job-progress.ts';
import { carryOutReplay, planReplay } from './replay-delivery.ts';
import {
  createReplayJob,
  findReplayJob,
  findReplayJobs,
  type ReplayJob as ReplayJobRow,
} from './replay-job.ts';
import type { ReplayRunner } from './replay-runner.ts';

declare module '../graph/context.ts' {
  interface Services {
    replayRunner: Pick<ReplayRunner, 'wake'>;
  }
}

const jobStatuses: Record<ReplayJobRow['status'], { description: string }> = {
  RUNNING: { description: 'It is collecting or replaying deliveries.' },
  COMPLETED: { description: 'Every delivery that matched has been replayed or skipped.' },
  FAILED: { description: 'It was stopped after errors. The replays that it had made remain.' },
};

const ReplayJobStatus = builder.enumType('ReplayJobStatus', {
  description: 'The status of a bulk replay.',
  values: jobStatuses,
});

export const jobOf = ownedLoader(findReplayJobs);

export const ReplayJob = builder.objectRef<ReplayJobRow>('ReplayJob');

node(builder, ReplayJob, {
  description:
    'A bulk replay in the background. It first collects the deliveries that match, then replays them. When it has ended, `matched` is the sum of `replayed` and `skipped`.',
  permission: viewPermission,
  id: (job) => encodeId('ReplayJob', job.id),
  load: async (ids, context) =>
    findAllAmong(await askedOwners(context, viewPermission), ids, (ownerId) =>
      jobOf(context).loadMany(ownerId, ids),
    ),
  fields: (t) => ({
    status: t.expose('status', { type: ReplayJobStatus, description: 'Current status.' }),
    matched: t.expose('matched', {
      type: 'SafeInt',
      description:
        'The number of deliveries found to replay. It grows while they are collected, before the first is replayed.',
    }),
    replayed: t.expose('replayed', {
      type: 'SafeInt',
      description: 'The number of them that have been replayed.',
    }),
    skipped: t.expose('skipped', {
      type: 'SafeInt',
      description:
        'The number of them that could no longer be replayed, because they were purged, replayed by another call, or past retention.',
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was requested.', resolve: createdAt }),
    completedAt: t.expose('completed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it runs.',
    }),
  }),
});

mutation(builder, 'replayDelivery', {
  description:
    'Sends a FAILED or DEAD_LETTER delivery again, as a new delivery of the same event with the same `webhook-id`. The original does not change. If the endpoint cannot receive it, for example because it is inactive, the new delivery is FAILED with the reason. A delivery that has not ended, has succeeded (unless `force` is true), is a test, or has an event past retention is a NotReplayableError.',
  permission: changeEndpoints,
  capability: {
    records: ['Delivery', 'AuditEntry'],
    sideEffects: ['a signed POST to the endpoint', 'audit entry delivery.replay'],
    idempotency: idempotencyNote,
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The id of the delivery to replay: `dlv_…`.' }),
    force: t.boolean({
      required: true,
      defaultValue: false,
      description:
        'If true, a SUCCEEDED delivery can be replayed as well, for example when the receiver has lost what it got.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: { delivery: { type: Delivery, description: 'The new delivery.' } },
  errors: [NotFoundError, NotReplayableError, IdempotencyError],
  async resolve(input, context) {
    const { database, config: rules } = context.services;
    const { ownerId, id } = await askedDelivery(context, input.id);
    const replays: NewReplay[] = [];
    const { deliveryId } = await idempotently(
      context,
      {
        ownerId,
        field: 'replayDelivery',
        input,
        async lastly(trx) {
          for (const replay of replays) await carryOutReplay(trx, { ownerId, replay, force: input.force });
        },
      },
      async (trx) => {
        const replay = await planReplay(trx, {
          ...{ ownerId, id, force: input.force, rules, by: byOf(context) },
        });
        replays.push(replay);
        return { deliveryId: replay.id };
      },
    );
    hintDeliveries(
      database,
      replays.map((replay) => ({ ownerId, ...replay })),
    );
    const delivery = await findDelivery(database.query, ownerId, deliveryId);
    if (delivery === undefined) throw new NotFoundError(input.id);
    return { delivery };
  },
});

mutation(builder, 'replayDeliveries', {
  description: `Replays, in the background, every FAILED or DEAD_LETTER delivery that matches the filter now and has not been replayed yet (with \`isReplayed: true\`, those that have been). Each is replayed exactly once, even if processes crash. Test deliveries are not replayed. For an app’s member the deliveries are the app’s if the filter’s \`endpointId\` names its endpoint. \`deliveryCount\` tells how many deliveries match, and \`replayJobProgress\` follows the progress. At most ${usualLimits.bulkJobs} bulk replays and recoveries of one tenant or app run at a time, unless the operator has set another limit; one more is a LimitExceededError. They wait while the tenant or app has as many unfinished deliveries as it may have (${usualLimits.pendingDeliveries} by default).`,
  permission: changeEndpoints,
  capability: {
    records: ['ReplayJob', 'Delivery', 'AuditEntry'],
    sideEffects: ['signed POSTs to the endpoints', 'audit entry replay_job.create'],
    idempotency: idempotencyNote,
  },
  input: (t) => ({
    filter: t.field({
      type: DeliveryFilter,
      required: true,
      description: 'The deliveries to replay; an empty filter means all that can be replayed.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: { job: { type: ReplayJob, description: 'The bulk replay, which has just started.' } },
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { limits } = context.services;
    const ownerId = await askedOwnerOfEndpoint(context, changeEndpoints, input.filter.endpointId);
    const { jobId } = await idempotently(
      context,
      { ownerId, field: 'replayDeliveries', input },
      async (trx) => ({
        jobId: await createReplayJob(trx, { ownerId, filter: input.filter, by: byOf(context), limits }),
      }),
    );
    context.services.replayRunner.wake();
    const job = await jobOf(context).load({ ownerId, id: jobId });
    if (job === undefined) throw new Error('A bulk replay that was just stored is missing.');
    return { job };
  },
});

builder.queryField('replayJob', (t) =>
  t.field({
    type: ReplayJob,
    nullable: true,
    description:
      'One bulk replay; null if there is none with this id or it belongs to somebody else, or if the id is malformed.',
    permission: viewPermission,
    capability: { records: ['ReplayJob'], sideEffects: [], idempotency: 'It only reads.' },
    args: { id: t.arg.id({ required: true, description: 'The id of a bulk replay: `rpj_…`.' }) },
    resolve: (_root, { id }, context) => findJob(context, id),
  }),
);

builder.subscriptionField('replayJobProgress', (t) =>
  t.field({
    type: ReplayJob,
    description:
      'The progress of a bulk replay: the current state at once, then each change, at most four messages a second. It ends with the job. Errors: NOT_FOUND if there is no such job.',
    permission: viewPermission,
    capability: {
      records: ['ReplayJob'],
      sideEffects: [],
      idempotency: 'A new subscription continues from the current state of the job.',
    },
    args: { id: t.arg.id({ required: true, description: 'The id of a bulk replay: `rpj_…`.' }) },
    subscribe: async (_root, { id: globalId }, context) => {
      const job = await findJob(context, globalId);
      const missing = 'There is no such bulk replay.';
      if (job === undefined) throw new RequestError('NOT_FOUND', missing);
      const { owner_id: ownerId, id } = job;
      return whileMember(context, ownerId, (signal) =>
        jobProgress({
          find: () => findReplayJob(context.services.database.query, ownerId, id),
          done: ({ replayed }) => replayed,
          missing,
          signal,
        }),
      );
    },
    resolve: (event) => {
      if (event instanceof Error) throw event;
      return event;
    },
  }),
);

async function findJob(context: Context, globalId: string): Promise<ReplayJobRow | undefined> {
  const owners = await askedOwners(context, viewPermission);
  const id = decodeId('ReplayJob', globalId);
  if (id === undefined) return undefined;
  return findAmong(owners, (ownerId) => jobOf(context).load({ ownerId, id }));
}
