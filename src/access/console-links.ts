import { z } from 'zod';
import { databaseNow } from '../clock.ts';
import type { Database } from '../db/pool.ts';
import { encodeId, isUuid, mintUuid } from '../ids.ts';
import type { SecretBox } from '../signing/secret-box.ts';
import type { Actor, LinkCreator } from './actor.ts';
import { Believed } from './believed.ts';
import { type Permission, permissions, platformPermissions } from './permissions.ts';
import { RevokedSubjects } from './revoked-subjects.ts';
import { unauthenticated } from './unauthenticated.ts';

/** The prefix of the token of every link to the console. */
export const consoleLinkMark = 'hgc_';

/** The purpose of the token. A token that was sealed for another purpose cannot be opened. */
const purpose = 'console-link';
const uuid = z.string().refine(isUuid);

const contents = z.object({
  id: uuid,
  tenantId: uuid,
  permissions: z.array(z.string()),
  creator: z.union([
    z.object({ kind: z.literal('API_KEY'), id: uuid }),
    z.object({
      kind: z.literal('SUBJECT'),
      subject: z.string(),
      issuedAt: z
        .number()
        .transform((ms) => new Date(ms))
        .optional(),
    }),
  ]),
  /** The creator's display name. */
  by: z.string(),
  expiresAt: z.number(),
});

export type NewConsoleLink = Readonly<{
  tenantId: string;
  permissions: readonly Permission[];
  creator: LinkCreator;
  by: string;
  expiresAt: Date;
}>;

/**
 * The tokens of links to the console. A token itself holds the link's permissions, sealed with the key ring
 * (AES-GCM). Its holder can neither read nor change it, every process can open it, and nothing is stored. A link
 * depends on the API key, or on the tokens of the subject, that created it, and stops working within 2 s of their
 * end.
 */
export class ConsoleLinks {
  readonly #database: Database;
  readonly #box: SecretBox;
  readonly #subjects: RevokedSubjects;
  readonly #goodKeys: Believed<boolean>;

  constructor(options: { database: Database; secretBox: SecretBox; monotonicMs?: () => number }) {
    this.#database = options.database;
    this.#box = options.secretBox;
    this.#subjects = new RevokedSubjects(options);
    this.#goodKeys = new Believed({ monotonicMs: options.monotonicMs });
  }

  /** Creates a link's token, which is not stored. `id` is the link's UUID. */
  issue(link: NewConsoleLink): { id: string; token: string } {
    const id = mintUuid();
    const { creator, expiresAt } = link;
    const issuedAt = creator.kind === 'SUBJECT' ? creator.issuedAt?.getTime() : undefined;
    const text = JSON.stringify({
      ...link,
      id,
      creator: { ...creator, issuedAt },
      expiresAt: expiresAt.getTime(),
    });
    return { id, token: consoleLinkMark + this.#box.seal(text, purpose).toString('base64url') };
  }

  /** Throws UNAUTHENTICATED for a token that is invalid, expired or revoked. */
  async authenticate(token: string): Promise<Actor> {
    const link = this.#open(token);
    if (link === undefined) throw unauthenticated('invalid');
    if (link.expiresAt <= databaseNow()) throw unauthenticated('expired');
    await this.#check(link.tenantId, link.creator);
    return {
      kind: 'CONSOLE_LINK',
      actorId: encodeId('ConsoleLink', link.id),
      label: `Console link of ${link.by}`,
      permissions: new Set(
        permissions.filter((name) => link.permissions.includes(name) && !platformPermissions.includes(name)),
      ),
      tenantId: link.tenantId,
      appId: undefined,
      verifiedEmail: undefined,
      linkCreator: link.creator,
      expiresAt: new Date(link.expiresAt),
    };
  }

  #open(token: string): z.infer<typeof contents> | undefined {
    const text = token.slice(consoleLinkMark.length);
    if (!/^[\w-]+$/.test(text)) return undefined;
    try {
      const opened = this.#box.open(Buffer.from(text, 'base64url'), purpose);
      return contents.safeParse(JSON.parse(opened)).data;
    } catch {
      // The token was changed, was sealed for another purpose, or was sealed under a key that we no longer have. The
      // answer is the same in all cases.
      return undefined;
    }
  }

  async #check(tenantId: string, creator: LinkCreator): Promise<void> {
    if (creator.kind === 'SUBJECT') return await this.#subjects.check(creator.subject, creator.issuedAt);
    const { id } = creator;
    const isGood = await this.#goodKeys.recall(id, () => this.#isKeyGood(tenantId, id));
    if (!isGood) throw unauthenticated('revoked');
  }

  /** The key's expiry need not be checked, because a link never outlasts its key. */
  async #isKeyGood(tenantId: string, keyId: string): Promise<boolean> {
    const row = await this.#database.query
      .selectFrom('api_key')
      .select('revoked_at')
      .where('tenant_id', '=', tenantId)
      .where('id', '=', keyId)
      .executeTakeFirst();
    return row !== undefined && row.revoked_at === null;
  }
}
