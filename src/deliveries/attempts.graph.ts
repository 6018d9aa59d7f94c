import { findAllAmong } from '../endpoints/asking-owner.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { node } from '../graph/node.ts';
import { decodeAttemptId, encodeAttemptId } from '../ids.ts';
import { AttemptOutcome, attemptOutcomeOf } from './enums.graph.ts';
import { findDeliveries } from './find-delivery.ts';
import { type DeliveryAttempt as Attempt, listAttempts } from './list-attempts.ts';
import { groupLoader } from './owned-loader.ts';
import { viewedOwners, viewPermission } from './viewed-owner.ts';

export const attemptsOf = groupLoader(listAttempts, (attempt) => attempt.delivery_id);

const HttpHeader = builder.objectRef<{ name: string; value: string }>('HttpHeader').implement({
  description: 'One HTTP header line.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, in lower case.' }),
    value: t.exposeString('value', { description: 'Its value.' }),
  }),
});

export const DeliveryAttempt = builder.objectRef<Attempt>('DeliveryAttempt');

node(builder, DeliveryAttempt, {
  description: 'One request to the receiver, and what came of it.',
  permission: viewPermission,
  id: (attempt) => encodeAttemptId(attempt.delivery_id, attempt.number),
  keyOf: (id) => (decodeAttemptId(id) === undefined ? undefined : id),
  load: findAttempts,
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1 on, interrupted attempts included.' }),
    outcome: t.field({
      type: AttemptOutcome,
      description: 'What came of it.',
      resolve: (attempt) => attemptOutcomeOf(attempt.outcome),
    }),
    startedAt: t.expose('started_at', { type: 'DateTime', description: 'When it began.' }),
    durationMs: t.exposeFloat('duration_ms', {
      nullable: true,
      description:
        'Milliseconds from its beginning to its outcome; null where the process was stopped before an answer.',
    }),
    responseStatus: t.exposeInt('response_status', {
      nullable: true,
      description: 'The HTTP status; null where no answer came.',
    }),
    responseBody: t.exposeString('response_body', {
      nullable: true,
      description: "The answer's beginning, at most 4 KiB; null where none came.",
    }),
    responseHeaders: t.field({
      type: [HttpHeader],
      nullable: true,
      description: "The answer's headers; null where none came.",
      resolve: (attempt) => attempt.response_headers,
    }),
    requestHeaders: t.field({
      type: [HttpHeader],
      nullable: true,
      description: "The headers that were sent, the signature's value redacted; null where nothing was sent.",
      resolve: (attempt) => attempt.request_headers,
    }),
    reconnected: t.exposeBoolean('reconnected', {
      description:
        'True where the receiver had closed the connection that was kept from an earlier request: the request went out once more on a fresh one, as part of this attempt.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'What went wrong, for people; null after a 2xx answer. Its wording may change.',
    }),
  }),
});

/** Attempts by their global ids, as far as the caller may see their deliveries. */
async function findAttempts(ids: readonly string[], context: Context): Promise<(Attempt | undefined)[]> {
  const owners = await viewedOwners(context);
  return findAllAmong(owners, ids, (ownerId) => findOwnersAttempts(ids, { ownerId, context }));
}

async function findOwnersAttempts(
  ids: readonly string[],
  { ownerId, context }: { ownerId: string; context: Context },
): Promise<(Attempt | undefined)[]> {
  const wanted = ids.map((id) => decodeAttemptId(id));
  const db = context.services.database.query;
  const deliveries = await findDeliveries(
    db,
    ownerId,
    wanted.flatMap((key) => key?.deliveryUuid ?? []),
  );
  const attempts = await listAttempts(
    db,
    ownerId,
    deliveries.map(({ id }) => id),
  );
  return wanted.map((key) =>
    attempts.find(({ delivery_id, number }) => delivery_id === key?.deliveryUuid && number === key.number),
  );
}
