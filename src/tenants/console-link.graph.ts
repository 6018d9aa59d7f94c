import type { ConsoleLinks } from '../access/console-links.ts';
import { IdempotencyError, ValidationError } from '../errors.ts';
import { builder, Permission } from '../graph/builder.ts';
import { requireActor, requireTenant } from '../graph/context.ts';
import { mutation } from '../graph/result.ts';
import {
  idempotencyKeyDescription,
  idempotencyNote,
  idempotently,
} from '../idempotency/idempotently.graph.ts';
import {
  createConsoleLink,
  maxConsoleLinkSeconds,
  maxConsolePathLength,
  minConsoleLinkSeconds,
} from './create-console-link.ts';

declare module '../graph/context.ts' {
  interface Services {
    consoleLinks: ConsoleLinks;
    /** The base URL for clients: the configured one, or the address on which the server listens. */
    publicUrl: () => string;
  }
}

const defaultSeconds = 3_600;

/** The part of the answer that a repeated `createConsoleLink` needs. */
type CreatedLink = { id: string; url: string; expiresAt: string };

mutation(builder, 'createConsoleLink', {
  description:
    'Creates a link that signs whoever opens it in to the console for the caller’s tenant. It is meant for people without an account. Its token is a credential of the kind CONSOLE_LINK that works for the whole API, with no more permissions than the caller has. A link cannot be renewed or revoked by itself. It stops working at `expiresAt`, within 2 seconds after the API key that created it is revoked, or when the tokens of the user or service that created it are revoked; its subscriptions end within 5 seconds. A link that was created with an API key or another link never outlasts that credential. However, a link with MANAGE_API_KEYS can create keys that outlast it.',
  permission: 'MANAGE_WEBHOOKS',
  capability: {
    records: ['ConsoleLink'],
    sideEffects: ['audit entry'],
    idempotency: idempotencyNote,
  },
  input: (t) => ({
    permissions: t.field({
      type: [Permission],
      required: true,
      description:
        'The permissions of whoever opens the link: at least one. Only permissions that you have yourself can be given, and never MANAGE_TENANTS or MANAGE_EVENT_TYPES; a ValidationError names each one that cannot.',
    }),
    expiresInSeconds: t.int({
      required: true,
      defaultValue: defaultSeconds,
      description: `How long the link works: ${minConsoleLinkSeconds} to ${maxConsoleLinkSeconds} seconds (24 hours); one hour by default.`,
    }),
    path: t.string({
      description: `The page of the console that the link opens, with its filters, such as \`/console/deliveries?status=FAILED\`. It must begin with \`/console\`, which is the default, and have at most ${maxConsolePathLength} visible ASCII characters and no fragment.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    url: {
      type: 'URL',
      description:
        'The link. It is shown here and never again. Its fragment holds the token, `#token=hgc_…`: anybody who has the link can use its permissions.',
    },
    expiresAt: { type: 'DateTime', description: 'When it stops working.' },
  },
  errors: [ValidationError, IdempotencyError],
  async resolve(input, context) {
    const { consoleLinks: links, publicUrl } = context.services;
    const tenantId = requireTenant(context);
    const by = { tenantId, actor: requireActor(context), requestId: context.requestId };
    const { url, expiresAt } = await idempotently(
      context,
      { ownerId: tenantId, field: 'createConsoleLink', input, secretOf: (answer: CreatedLink) => answer.id },
      async (trx) => {
        const link = await createConsoleLink(trx, input, { ...by, links, publicUrl: publicUrl() });
        return { ...link, expiresAt: link.expiresAt.toISOString() };
      },
    );
    return { url, expiresAt: new Date(expiresAt) };
  },
});
