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
    /** How clients reach us: the configured URL, or where the server listens. */
    publicUrl: () => string;
  }
}

const defaultSeconds = 3_600;

/** What a repetition of `createConsoleLink` needs. */
type CreatedLink = { id: string; url: string; expiresAt: string };

mutation(builder, 'createConsoleLink', {
  description:
    'Makes a link that signs its reader in to the console, in the name of the caller’s tenant: for people who have no account with you. Its token is a credential of its own kind, CONSOLE_LINK, and good at the whole API. It can do at most what the caller can. It cannot be renewed or taken back by itself: it ends at `expiresAt`, within 2 seconds of the revocation of the API key that made it, or when the tokens of the user or service that made it are called back; its subscriptions end within 5 seconds. One that is made with an API key or with another link never outlasts it. Whoever is given MANAGE_API_KEYS by it may make keys that do.',
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
        'What its reader may do: at least one, only what you may do yourself, and never MANAGE_TENANTS or MANAGE_EVENT_TYPES. Otherwise a ValidationError names each.',
    }),
    expiresInSeconds: t.int({
      required: true,
      defaultValue: defaultSeconds,
      description: `How long it is good: ${minConsoleLinkSeconds} to ${maxConsoleLinkSeconds} seconds (24 hours); an hour by default.`,
    }),
    path: t.string({
      description: `Where in the console it leads, with the filters of the view: \`/console/deliveries?status=FAILED\`. It begins with \`/console\`, which is the default, has at most ${maxConsolePathLength} visible ASCII characters and no fragment.`,
    }),
    idempotencyKey: t.string({ description: idempotencyKeyDescription }),
  }),
  payload: {
    url: {
      type: 'URL',
      description:
        'The link, shown here and never again. Its fragment holds the token, `#token=hgc_…`: whoever has the link can do what it was given.',
    },
    expiresAt: { type: 'DateTime', description: 'Until when it is good.' },
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
