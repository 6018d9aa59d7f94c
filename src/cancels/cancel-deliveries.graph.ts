import { createdAt } from '../deliveries/delivery.ts';
import { DeliveryFilter } from '../deliveries/delivery-filter.graph.ts';
import { ownedLoader } from '../deliveries/owned-loader.ts';
import { viewPermission } from '../deliveries/view-permission.ts';
import { whileMember } from '../deliveries/while-member.ts';
import { askedOwnerOfEndpoint, askedOwners } from '../endpoints/asked-owner.ts';
import { changeEndpoints } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { usualLimits } from '../environment.ts';
import { IdempotencyError, LimitExceededError, RequestError, ValidationError } from '../errors.ts';
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
import { jobProgress } from '../replays/job-progress.ts';
import { type CancelJob as CancelJobRow, createCancelJob, findCancelJobs } from './cancel-job.ts';
import type { CancelRunner } from './cancel-runner.ts';

declare module '../graph/context.ts' {
  interface Services {
    cancelRunner: Pick<CancelRunner, 'wake'>;
  }
}

const jobStatuses: Record<CancelJobRow['status'], { description: string }> = {
  RUNNING: { description: 'It is cancelling deliveries.' },
  COMPLETED: { description: 'Every delivery that matched has been cancelled or skipped.' },
  FAILED: { description: 'It was stopped after errors. What it had cancelled stays cancelled.' },
};

const CancelJobStatus = builder.enumType('CancelJobStatus', {
  description: 'The status of a bulk cancellation.',
  values: jobStatuses,
});

const jobOf = ownedLoader(findCancelJobs);

const CancelJob = builder.objectRef<CancelJobRow>('CancelJob');

node(builder, CancelJob, {
  description:
    'A bulk cancellation in the background. `matched` is the sum of `cancelled` and `skipped`, and grows until the job has ended.',
  permission: viewPermission,
  id: (job) => encodeId('CancelJob', job.id),
  load: async (ids, context) =>
    findAllAmong(await askedOwners(context, viewPermission), ids, (ownerId) =>
      jobOf(context).loadMany(ownerId, ids),
    ),
  fields: (t) => ({
    status: t.expose('status', { type: CancelJobStatus, description: 'Current status.' }),
    matched: t.expose('matched', {
      type: 'SafeInt',
      description: 'The number of waiting deliveries that it has found so far.',
    }),
    cancelled: t.expose('cancelled', {
      type: 'SafeInt',
      description: 'The number of them that have been cancelled.',
    }),
    skipped: t.expose('skipped', {
      type: 'SafeInt',
      description:
        'The number of them that could not be cancelled, because they were being sent at that moment or had just ended.',
    }),
    createdAt: t.field({ type: 'DateTime', description: 'When it was requested.', resolve: createdAt }),
    completedAt: t.expose('completed_at', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ended; null while it runs.',
    }),
  }),
});

mutation(builder, 'cancelDeliveries', {
  description: `Cancels, in the background, every PENDING, DELIVERING or RETRYING delivery that matches the filter now: it ends as FAILED (CANCELLED), is not sent afterwards, and can be replayed. One that is being sent at that moment is skipped, because its request cannot be taken back. Deliveries created after the call are not cancelled. For an app’s member the deliveries are the app’s if the filter’s \`endpointId\` names its endpoint. \`deliveryCount\` tells how many deliveries match, and \`cancelJobProgress\` follows the progress. At most ${usualLimits.bulkJobs} bulk cancellations of one tenant or app run at a time, unless the operator has set another limit; one more is a LimitExceededError.`,
  permission: changeEndpoints,
  capability: {
    records: ['CancelJob', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry cancel_job.create', 'waiting deliveries end as FAILED'],
    idempotency: idempotencyNote,
  },
  input: (t) => ({
    filter: t.field({
      type: DeliveryFilter,
      required: true,
      description: 'The deliveries to cancel; an empty filter means all that wait.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: { job: { type: CancelJob, description: 'The bulk cancellation, which has just started.' } },
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { limits } = context.services;
    const ownerId = await askedOwnerOfEndpoint(context, changeEndpoints, input.filter.endpointId);
    const { jobId } = await idempotently(
      context,
      { ownerId, field: 'cancelDeliveries', input },
      async (trx) => ({
        jobId: await createCancelJob(trx, { ownerId, filter: input.filter, by: byOf(context), limits }),
      }),
    );
    context.services.cancelRunner.wake();
    const job = await jobOf(context).load({ ownerId, id: jobId });
    if (job === undefined) throw new Error('A bulk cancellation that was just stored is missing.');
    return { job };
  },
});

builder.queryField('cancelJob', (t) =>
  t.field({
    type: CancelJob,
    nullable: true,
    description:
      'One bulk cancellation; null if there is none with this id or it belongs to somebody else, or if the id is malformed.',
    permission: viewPermission,
    capability: { records: ['CancelJob'], sideEffects: [], idempotency: 'It only reads.' },
    args: { id: t.arg.id({ required: true, description: 'The id of a bulk cancellation: `cnj_…`.' }) },
    resolve: (_root, { id }, context) => findJob(context, id),
  }),
);

builder.subscriptionField('cancelJobProgress', (t) =>
  t.field({
    type: CancelJob,
    description:
      'The progress of a bulk cancellation: the current state at once, then each change, at most four messages a second. It ends with the job. Errors: NOT_FOUND if there is no such job.',
    permission: viewPermission,
    capability: {
      records: ['CancelJob'],
      sideEffects: [],
      idempotency: 'A new subscription continues from the current state of the job.',
    },
    args: { id: t.arg.id({ required: true, description: 'The id of a bulk cancellation: `cnj_…`.' }) },
    subscribe: async (_root, { id: globalId }, context) => {
      const job = await findJob(context, globalId);
      const missing = 'There is no such bulk cancellation.';
      if (job === undefined) throw new RequestError('NOT_FOUND', missing);
      const { owner_id: ownerId, id } = job;
      return whileMember(context, ownerId, (signal) =>
        jobProgress({
          find: async () => (await findCancelJobs(context.services.database.query, ownerId, [id]))[0],
          done: ({ cancelled }) => cancelled,
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

async function findJob(context: Context, globalId: string): Promise<CancelJobRow | undefined> {
  const owners = await askedOwners(context, viewPermission);
  const id = decodeId('CancelJob', globalId);
  if (id === undefined) return undefined;
  return findAmong(owners, (ownerId) => jobOf(context).load({ ownerId, id }));
}
