import { askedEndpoint } from '../endpoints/asked-owner.ts';
import { changeEndpoints } from '../endpoints/endpoint.graph.ts';
import { byOf } from '../endpoints/endpoint-services.ts';
import { IdempotencyError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { mostCounted } from './missed-events.ts';
import { countRecoverable, createRecovery } from './recover-endpoint.ts';
import { jobOf, ReplayJob } from './replay.graph.ts';

const counted = `counted up to ${mostCounted.toLocaleString('en')}`;

mutation(builder, 'recoverEndpoint', {
  description:
    'Sends an endpoint, in the background, what it did not get since a time. These are its deliveries that ended as FAILED or DEAD_LETTER and were not replayed, and the events of types that it subscribes to now which it has no delivery of, because it did not exist, did not subscribe, or its filter kept them. Tests, purged deliveries and the platform’s own events are left out. For an app’s webhook only failed deliveries are recovered. While one recovery of an endpoint runs, another one is a LimitExceededError. So is one more than may run at a time (see `replayDeliveries`). `replayJobProgress` follows the job.',
  permission: changeEndpoints,
  capability: {
    records: ['ReplayJob', 'Delivery', 'AuditEntry'],
    sideEffects: ['signed POSTs to the endpoint', 'audit entry replay_job.create'],
    idempotency: idempotencyNote,
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The id of the endpoint: `ep_…`.' }),
    since: t.field({
      type: 'DateTime',
      required: true,
      description:
        'The time since which deliveries and events were created. A time in the future is a ValidationError. What is past retention cannot be recovered.',
    }),
    dryRun: t.boolean({
      required: true,
      defaultValue: false,
      description: 'If true, deliveries and events are only counted, and nothing is sent.',
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    job: { type: ReplayJob, nullable: true, description: 'The job that sends them; null for a dry run.' },
    failed: { type: 'SafeInt', description: `The number of failed deliveries, ${counted}.` },
    missed: { type: 'SafeInt', description: `The number of events without a delivery, ${counted}.` },
  },
  errors: [ValidationError, NotFoundError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { ownerId, id } = await askedEndpoint(context, { permission: changeEndpoints, globalId: input.id });
    const { since, dryRun } = input;
    const { failed, missed, jobId } = await idempotently(
      context,
      { ownerId, field: 'recoverEndpoint', input },
      async (trx) => {
        const found = await countRecoverable(trx, { ownerId, id, since });
        if (dryRun) return { ...found, jobId: null };
        const { limits } = context.services;
        return {
          ...found,
          ...(await createRecovery(trx, { ownerId, id, since, by: byOf(context), limits })),
        };
      },
    );
    if (jobId === null) return { job: null, failed, missed };
    context.services.replayRunner.wake();
    return { job: (await jobOf(context).load({ ownerId, id: jobId })) ?? null, failed, missed };
  },
});
