import { IdempotencyError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { maxSecretsInForce } from '../sending/signing-secrets.ts';
import { askedEndpoint } from './asking-owner.ts';
import { changeEndpoints, Endpoint } from './endpoint.graph.ts';
import { getEndpoint } from './endpoint.ts';
import { endpointOwner } from './endpoint-owner.graph.ts';
import { byOf } from './endpoint-services.ts';
import {
  defaultOverlapSeconds,
  maxOverlapSeconds,
  ownSecretRule,
  refuseBadSecret,
  refuseOverlap,
  rotateSecret,
} from './rotate-secret.ts';
import { maxVerifiesPerMinute, verifyEndpoint } from './verify-endpoint.ts';

const rotateSecrets = { tenant: 'MANAGE_WEBHOOKS', app: 'ROTATE_SECRETS' } as const;

mutation(builder, 'rotateEndpointSecret', {
  description: `Gives the endpoint a new signing secret. Older ones sign beside it, each delivery with all that are in force when it is sent; at most ${maxSecretsInForce} at once.`,
  permission: rotateSecrets,
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: [
      'audit entry endpoint.rotate_secret',
      'of an app’s endpoint: the event app.secret_rotated to it',
    ],
    idempotency: `${idempotencyNote} The secret is in it only while it is the newest.`,
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
    overlapSeconds: t.int({
      required: true,
      defaultValue: defaultOverlapSeconds,
      description: `How long older secrets also sign, at most: 0 to ${maxOverlapSeconds} seconds. One that an earlier rotation ends sooner is not prolonged; 0 revokes all of them at once.`,
    }),
    secret: t.string({
      description: `A secret of your own. ${ownSecretRule} One that signs already is one, too (IN_FORCE). Absent or null: one is made.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    endpoint: {
      type: Endpoint,
      description: 'The endpoint, with the new secret the first of its `signingSecrets`.',
    },
    secret: { type: 'String', description: 'The new secret, `whsec_…`. It is shown here and never again.' },
  },
  errors: [ValidationError, NotFoundError, IdempotencyError, LimitExceededError],
  async resolve(input, context) {
    const { database, signingSecrets } = context.services;
    const { ownerId, ownerKind, id } = await askedEndpoint(context, {
      permission: rotateSecrets,
      globalId: input.id,
    });
    const rotation = endpointOwner(ownerKind)?.rotation;
    const { secret } = await idempotently(
      context,
      { ownerId, field: 'rotateEndpointSecret', input, secretOf: () => id },
      async (trx) => {
        const { overlapSeconds } = input;
        refuseOverlap(overlapSeconds);
        const own = refuseBadSecret(input.secret);
        await rotation?.tell(trx, { ownerId, overlapSeconds });
        const by = byOf(context);
        const rotated = await rotateSecret(trx, signingSecrets, { ownerId, id, overlapSeconds, own, by });
        return { secret: rotated.secret };
      },
    );
    rotation?.hint(database, ownerId);
    return { endpoint: await getEndpoint(database.query, ownerId, id), secret };
  },
});

mutation(builder, 'verifyEndpoint', {
  description: `Runs the ownership handshake now and answers with its end: a signed POST of \`{"type":"endpoint.verification","challenge":"…","timestamp":"…"}\` must be answered within 30 s by a 2xx with a JSON body whose top-level \`challenge\` is the same. Redirects are not followed. At most ${maxVerifiesPerMinute} a minute for an endpoint. One that is under way already gives way to the newer.`,
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: [
      'a signed POST to the URL',
      'audit entry endpoint.verify',
      'success: waiting deliveries are sent; failure: queued ones end as FAILED (ENDPOINT_UNVERIFIED)',
    ],
    idempotency: 'Each call is a handshake of its own.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: {
    endpoint: { type: Endpoint, description: 'The endpoint after the handshake.' },
    verified: { type: 'Boolean', description: 'Whether this handshake succeeded.' },
    reason: { type: 'String', nullable: true, description: 'Why it did not, in words for people.' },
  },
  errors: [NotFoundError, LimitExceededError],
  async resolve(input, context) {
    const { database, handshakes } = context.services;
    const { ownerId, id } = await askedEndpoint(context, { permission: changeEndpoints, globalId: input.id });
    const { endpoint, verified, reason } = await verifyEndpoint(database.query, handshakes, {
      ownerId,
      id,
      by: byOf(context),
    });
    return { endpoint, verified, reason: reason ?? null };
  },
});
