import { askedOwners } from '../endpoints/asked-owner.ts';
import { builder } from '../graph/builder.ts';
import type { Context } from '../graph/context.ts';
import { findAllAmong } from '../graph/find-among.ts';
import { node } from '../graph/node.ts';
import { shortList } from '../graph/operation-cost.ts';
import { decodeAttemptId, encodeAttemptId } from '../ids.ts';
import { maxRecordedHeaders } from '../status/storable.ts';
import { AttemptOutcome, attemptOutcomeOf } from './enums.graph.ts';
import { findDeliveries } from './find-delivery.ts';
import { type DeliveryAttempt as Attempt, listAttempts } from './list-attempts.ts';
import { groupLoader } from './owned-loader.ts';
import { viewPermission } from './view-permission.ts';

export const attemptsOf = groupLoader(listAttempts, (attempt) => attempt.delivery_id);

const HttpHeader = builder.objectRef<{ name: string; value: string }>('HttpHeader').implement({
  description: 'One HTTP header line.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'The name, in lower case unless the endpoint’s owner chose it.',
    }),
    value: t.exposeString('value', { description: 'The value.' }),
  }),
});

export const DeliveryAttempt = builder.objectRef<Attempt>('DeliveryAttempt');

node(builder, DeliveryAttempt, {
  description: 'One request to the receiver and its result.',
  permission: viewPermission,
  id: (attempt) => encodeAttemptId(attempt.delivery_id, attempt.number),
  keyOf: (id) => (decodeAttemptId(id) === undefined ? undefined : id),
  load: findAttempts,
  fields: (t) => ({
    number: t.exposeInt('number', {
      description:
        'The number of the attempt within its delivery: 1, 2, 3 … Interrupted attempts are numbered too.',
    }),
    outcome: t.field({
      type: AttemptOutcome,
      description: 'The result.',
      resolve: (attempt) => attemptOutcomeOf(attempt.outcome),
    }),
    startedAt: t.expose('started_at', { type: 'DateTime', description: 'When it began.' }),
    durationMs: t.exposeFloat('duration_ms', {
      nullable: true,
      description: 'Its duration in milliseconds; null if the sending process stopped before an answer came.',
    }),
    responseStatus: t.exposeInt('response_status', {
      nullable: true,
      description: 'The HTTP status of the answer; null if no answer came.',
    }),
    responseBody: t.exposeString('response_body', {
      nullable: true,
      description: "The beginning of the answer's body, at most 4 KiB; null if no answer came.",
    }),
    responseHeaders: t.field({
      type: [HttpHeader],
      complexity: shortList,
      nullable: true,
      description: `The first ${maxRecordedHeaders} of the answer's headers; null if no answer came.`,
      // Earlier releases recorded all of them.
      resolve: (attempt) => attempt.response_headers?.slice(0, maxRecordedHeaders) ?? null,
    }),
    requestHeaders: t.field({
      type: [HttpHeader],
      complexity: shortList,
      nullable: true,
      description:
        "The headers that were sent, with the signature's value redacted; null if nothing was sent.",
      resolve: (attempt) => attempt.request_headers,
    }),
    reconnected: t.exposeBoolean('reconnected', {
      description:
        'True if the request was sent again on a new connection, within this attempt, because the receiver had closed the connection that was kept open from an earlier request.',
    }),
    error: t.exposeString('error', {
      nullable: true,
      description: 'A description of the error, for people; null after a 2xx answer. The wording may change.',
    }),
  }),
});

/** Attempts by their global ids, as far as the caller may see their deliveries. */
async function findAttempts(ids: readonly string[], context: Context): Promise<(Attempt | undefined)[]> {
  const owners = await askedOwners(context, viewPermission);
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
