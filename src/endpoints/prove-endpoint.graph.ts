import { IdempotencyError, LimitExceededError, NotFoundError, ValidationError } from '../errors.ts';
import { builder } from '../graph/builder.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import { maxSecretsInForce } from '../sending/signing-secrets.ts';
import { askedEndpoint } from './asked-owner.ts';
import { changeEndpoints, Endpoint } from './endpoint.graph.ts';
import { getEndpoint } from './endpoint.ts';
import { endpointOwner } from './endpoint-owner.graph.ts';
import { byOf } from './endpoint-services.ts';
import { maxAskedPerOwner } from './handshakes.ts';
import {
  defaultOverlapSeconds,
  maxOverlapSeconds,
  ownSecretRule,
  refuseOverlap,
  rotateSecret,
} from './rotate-secret.ts';
import { maxVerifiesPerMinute, verifyEndpoint } from './verify-endpoint.ts';

const rotateSecrets = { tenant: 'MANAGE_WEBHOOKS', app: 'ROTATE_SECRETS' } as const;

mutation(builder, 'rotateEndpointSecret', {
  description: `Gives the endpoint a new signing secret. Older secrets keep signing for \`overlapSeconds\`: each delivery is signed with every secret that is valid when it is sent, at most ${maxSecretsInForce}.`,
  permission: rotateSecrets,
  capability: {
    records: ['Endpoint', 'AuditEntry'],
    sideEffects: [
      'audit entry endpoint.rotate_secret',
      'for an app’s endpoint: the event app.secret_rotated to it',
    ],
    idempotency: `${idempotencyNote} A repeated answer holds the secret only while it is the newest.`,
  },
  input: (t) => ({
    id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }),
    overlapSeconds: t.int({
      required: true,
      defaultValue: defaultOverlapSeconds,
      description: `How long older secrets keep signing at most: 0 to ${maxOverlapSeconds} seconds. A secret that an earlier rotation ends sooner still ends then. 0 revokes all older secrets at once.`,
    }),
    secret: t.string({
      description: `The new secret, if you bring your own. ${ownSecretRule} A secret that signs already is a ValidationError (IN_FORCE). If absent or null, a secret is generated.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    endpoint: {
      type: Endpoint,
      description: 'The endpoint. The new secret is the first of its `signingSecrets`.',
    },
    secret: {
      type: 'String',
      description:
        'The new secret, `whsec_…`: it is shown here and never again. Of ED25519 the new public key, `whpk_…`.',
    },
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
        await rotation?.tell(trx, { ownerId, overlapSeconds });
        const by = byOf(context);
        const rotated = await rotateSecret(trx, signingSecrets, {
          ...{ ownerId, id, overlapSeconds, own: input.secret, by },
        });
        return { secret: rotated.secret };
      },
    );
    rotation?.hint(database, ownerId);
    return { endpoint: await getEndpoint(database.query, ownerId, id), secret };
  },
});

mutation(builder, 'verifyEndpoint', {
  description: `Runs the ownership handshake now and returns its result. Heliograph sends a signed POST of \`{"type":"endpoint.verification","challenge":"…","timestamp":"…"}\`. The receiver must answer within 30 seconds with a 2xx status and a JSON body whose top-level \`challenge\` is the same. Redirects are not followed. At most ${maxVerifiesPerMinute} calls a minute for each endpoint, and at most ${maxAskedPerOwner} calls at once for each tenant and process; more are a LimitExceededError. A handshake that is running already is replaced by the new one.`,
  permission: changeEndpoints,
  capability: {
    records: ['Endpoint', 'Delivery', 'AuditEntry'],
    sideEffects: [
      'a signed POST to the URL',
      'audit entry endpoint.verify',
      'on success waiting deliveries are sent; on failure they end as FAILED (ENDPOINT_UNVERIFIED)',
    ],
    idempotency: 'Each call runs a new handshake.',
  },
  input: (t) => ({ id: t.id({ required: true, description: 'The endpoint’s id: `ep_…`.' }) }),
  payload: {
    endpoint: { type: Endpoint, description: 'The endpoint after the handshake.' },
    verified: { type: 'Boolean', description: 'Whether this handshake succeeded.' },
    reason: {
      type: 'String',
      nullable: true,
      description: 'Why the handshake failed, for people; null if it succeeded.',
    },
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
