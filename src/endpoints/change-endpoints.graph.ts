import { usualLimits } from '../environment.ts';
import { IdempotencyError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { requireTenant } from '../graph/context.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { sendingChange } from '../sending/sending.ts';
import { endQueuedOrLeave } from '../status/end-queued.ts';
import { askedEndpoint } from './asked-owner.ts';
import { createEndpoint } from './create-endpoint.ts';
import { deleteEndpoint } from './delete-endpoint.ts';
import { changeEndpoints, DeliveryOrdering, Endpoint } from './endpoint.graph.ts';
import { type Endpoint as EndpointRow, getEndpoint } from './endpoint.ts';
import {
  checkEndpointChange,
  checkNewEndpoint,
  maxDeliveryRate,
  maxDescriptionChars,
} from './endpoint-input.ts';
import { endpointOwner } from './endpoint-owner.graph.ts';
import { byOf, rulesOf } from './endpoint-services.ts';
import { ownSecretRule, refuseBadSecret } from './rotate-secret.ts';
import { changedSendingInputs, newSendingInputs, sendingOf } from './sending.graph.ts';
import { finishUpdate, updateEndpoint } from './update-endpoint.ts';

const urlRule =
  'At most 2,048 characters, http or https (only https in production), no user name, no fragment; not an address to which webhooks must not be sent.';
const eventsRule = '1 to 100 different event type names, `comment.*` for a category, or `*` for all.';
const descriptionRule = `At most ${maxDescriptionChars} characters.`;
const rateRule = `The largest number of deliveries a second, from 1 to ${maxDeliveryRate}; null means no limit.`;
const activeRule = 'If false, nothing is sent, and waiting deliveries end as FAILED (ENDPOINT_INACTIVE).';

const orderingRule =
  'Whether deliveries are sent one at a time, in the order in which their events were committed.';

/** The part of the answer that a repeated `createEndpoint` needs. */
type CreatedEndpoint = { id: string; secret: string };

mutation(builder, 'createEndpoint', {
  description: `Creates an endpoint and starts its ownership handshake. Deliveries wait until the handshake has ended. A tenant has at most ${usualLimits.endpoints} endpoints, unless the operator has set another limit; one more is a LimitExceededError.`,
  permission: 'MANAGE_WEBHOOKS',
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.create', 'the ownership handshake, a signed POST to the URL'],
    idempotency: `${idempotencyNote} A repeated answer holds the secret only while it is the newest.`,
  },
  input: (t) => ({
    url: t.string({ required: true, description: `The URL that deliveries are POSTed to. ${urlRule}` }),
    events: t.stringList({ required: true, description: `The event types to subscribe to. ${eventsRule}` }),
    description: t.string({ description: `A note of your own. ${descriptionRule}` }),
    isActive: t.boolean({ required: true, defaultValue: true, description: activeRule }),
    maxDeliveriesPerSecond: t.int({ description: rateRule }),
    ordering: t.field({
      type: DeliveryOrdering,
      required: true,
      defaultValue: 'NONE',
      description: orderingRule,
    }),
    ...newSendingInputs(t),
    secret: t.string({
      description: `The first signing secret, if you bring your own. ${ownSecretRule} If absent or null, a secret is generated.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    endpoint: { type: Endpoint, description: 'The new endpoint.' },
    secret: {
      type: 'String',
      description:
        'The secret that signs its deliveries: `whsec_…`. It is shown only here; a rotation gives a new one. For ED25519 it is the public key, `whpk_…`; the private key is never shown.',
    },
  },
  errors: [ValidationError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { database, signingSecrets: secrets, limits, handshakes } = context.services;
    const ownerId = requireTenant(context);
    const by = byOf(context);
    const sending = sendingChange(sendingOf(input));
    const values = await checkNewEndpoint(rulesOf(context), input, sending);
    const ownSecret = refuseBadSecret(input.secret, input.signature);
    const created: EndpointRow[] = [];
    const { id, secret } = await idempotently(
      context,
      { ownerId, field: 'createEndpoint', input, secretOf: (answer: CreatedEndpoint) => answer.id },
      async (trx) => {
        const fresh = await createEndpoint(
          trx,
          { secrets, limits },
          {
            ...{ ownerId, ownerKind: 'TENANT', values, sending, ownSecret, by },
          },
        );
        created.push(fresh.endpoint);
        return { id: fresh.endpoint.id, secret: fresh.secret };
      },
    );
    for (const endpoint of created) handshakes.begin(endpoint);
    return { endpoint: await getEndpoint(database.query, ownerId, id), secret };
  },
});

mutation(builder, 'updateEndpoint', {
  description:
    'Changes the given fields of an endpoint. A new URL is not verified: call `verifyEndpoint` after changing it. An endpoint that is activated again starts with a closed circuit.',
  inputDescription:
    'A field that is left out does not change. Null clears `description`, `maxDeliveriesPerSecond`, `headers`, `filter`, `retrySchedule`, `timeoutMs`, `stopOn`, `headerPrefix`, `alertEmails` and `sendTraceparent`; for other fields it is a ValidationError.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: [
      'audit entry endpoint.update',
      'waiting deliveries of an endpoint that becomes inactive end as FAILED',
    ],
    idempotency: 'A repeated call changes nothing and is not audited.',
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
    url: t.string({ description: `A new URL. ${urlRule}` }),
    events: t.stringList({ description: `All event types to subscribe to from now on. ${eventsRule}` }),
    description: t.string({ description: `${descriptionRule} Null removes it.` }),
    isActive: t.boolean({ description: activeRule }),
    maxDeliveriesPerSecond: t.int({ description: rateRule }),
    ordering: t.field({
      type: DeliveryOrdering,
      description: `${orderingRule} Deliveries that are waiting when it becomes STRICT go first, in the order of their creation.`,
    }),
    ...changedSendingInputs(t),
  }),
  payload: { endpoint: { type: Endpoint, description: 'The endpoint as it is now.' } },
  errors: [ValidationError, NotFoundError],
  async resolve({ id: globalId, ...input }, context) {
    const { database, signingSecrets: secrets } = context.services;
    const { ownerId, id } = await askedEndpoint(context, { permission: changeEndpoints, globalId });
    const change = sendingChange(sendingOf(input));
    const values = await checkEndpointChange(rulesOf(context), input, change);
    const sending = change === undefined ? undefined : { change, secrets };
    const updated = await database.query
      .transaction()
      .execute((trx) => updateEndpoint(trx, { ownerId, id, values, sending, by: byOf(context) }));
    await finishUpdate(database, updated);
    return { endpoint: updated.after };
  },
});

mutation(builder, 'deleteEndpoint', {
  description:
    'Deletes an endpoint with its secrets and its history. An app keeps its webhook’s secret. Waiting deliveries end as FAILED (ENDPOINT_DELETED) in the log. Everything is hidden at once and removed in the background. A delivery that is being sent at this moment may still arrive, within the delivery timeout.',
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: ['audit entry endpoint.delete', 'waiting deliveries end as FAILED', 'history is removed'],
    idempotency: 'A repeated call answers with NotFoundError.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: {
    id: { type: 'ID', description: 'The id of the deleted record.' },
    deletedAt: { type: 'DateTime', description: 'When it was deleted. Nobody can find it afterwards.' },
  },
  errors: [NotFoundError],
  async resolve({ id: globalId }, context) {
    const { database, signingSecrets } = context.services;
    const { ownerId, ownerKind, id } = await askedEndpoint(context, {
      permission: changeEndpoints,
      globalId,
    });
    const { deletedAt } = await database.query.transaction().execute(async (trx) => {
      await endpointOwner(ownerKind)?.keep?.(trx, signingSecrets, { ownerId, id });
      return await deleteEndpoint(trx, { ownerId, id, by: byOf(context) });
    });
    await endQueuedOrLeave(database, {
      ownerId,
      endpointId: id,
      reason: 'ENDPOINT_DELETED',
      claimedToo: true,
    });
    return { id: globalId, deletedAt };
  },
});
