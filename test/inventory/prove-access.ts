import { expect } from 'vitest';
import type { AppPermission } from '../../src/access/permissions.ts';
import type { CapabilityEntry } from '../../src/inventory/capability.ts';
import { type Answer, answered, ask, type Operation, type Proof } from './ask.ts';
import { type Credentials, type Named, secrets } from './credentials.ts';
import { type App, addMember, freshName, mutationOf, type Owner } from './owners.ts';
import type { Needs, Row } from './row.ts';

/** Stated here again: the permissions that an app's own token can have. */
const tokenHolds: readonly string[] = ['VIEW_DELIVERIES', 'MANAGE_WEBHOOK'];
/** Permissions that a console link cannot have, either. */
const keysNeverHold: readonly string[] = ['MANAGE_TENANTS', 'MANAGE_EVENT_TYPES'];
const appPermissions: readonly AppPermission[] = [
  'MANAGE_APP',
  'MANAGE_WEBHOOK',
  'ROTATE_SECRETS',
  'MANAGE_MEMBERS',
  'PUBLISH_VERSIONS',
  'VIEW_DELIVERIES',
];

type Doors = Exclude<Needs, 'ANY_CREDENTIAL'>;
type Capability = Pick<CapabilityEntry, 'method' | 'path'>;
type Expected = (answer: Answer, who: string) => void;

const doorsOf = ({ needs }: Row): Doors => (needs === 'ANY_CREDENTIAL' ? {} : needs);

/** The kinds of credentials that can have the permission of the row. */
export function kindsOf({ needs }: Pick<Row, 'needs'>): string[] {
  if (needs === 'ANY_CREDENTIAL') return ['API_KEY', 'USER', 'SERVICE', 'CONSOLE_LINK', 'APP'];
  const { tenant, app, email } = needs;
  return [
    ...(tenant !== undefined && !keysNeverHold.includes(tenant) ? ['API_KEY'] : []),
    ...(tenant !== undefined || app !== undefined || email !== undefined ? ['USER'] : []),
    ...(tenant !== undefined ? ['SERVICE'] : []),
    ...(tenant !== undefined && !keysNeverHold.includes(tenant) ? ['CONSOLE_LINK'] : []),
    ...(app !== undefined && tokenHolds.includes(app) ? ['APP'] : []),
  ];
}

/**
 * Makes every call of a root field that shows who may make it and who may not. Refused calls come first and ask for
 * the same record that an allowed call then gets. So they have changed nothing, and were refused because of the
 * caller. Returns the number of calls.
 */
export async function proveAccess(
  credentials: Credentials,
  capability: Capability,
  rows: readonly Row[],
): Promise<number> {
  let calls = 0;
  for (const [index, row] of rows.entries()) {
    const prover = new Prover(credentials, capability, row);
    const { tenant, app } = doorsOf(row);
    if (index === 0) await prover.proveNobody();
    if (app === undefined || tenant !== undefined) await prover.proveTenants();
    if (app !== undefined) await prover.proveApps(app);
    calls += prover.calls;
  }
  return calls;
}

class Prover {
  calls = 0;
  readonly #credentials: Credentials;
  readonly #capability: Capability;
  readonly #row: Row;
  readonly #doors: Doors;

  constructor(credentials: Credentials, capability: Capability, row: Row) {
    this.#credentials = credentials;
    this.#capability = capability;
    this.#row = row;
    this.#doors = doorsOf(row);
  }

  /** For an existing record: a caller without a valid credential is refused before it is searched for. */
  async proveNobody(): Promise<void> {
    await this.#refuseNobody(await this.#about(this.#credentials.ours.owner));
  }

  /** For records of our tenant, or of nobody. */
  async proveTenants(): Promise<void> {
    const { ours, others } = this.#credentials;
    const operation = await this.#about(ours.owner);
    await this.#expectAll(operation, await this.#withoutPermission(), this.#forbidden());
    await this.#refuseTenantless(operation);
    await this.#refuseStrangers(ours.owner, operation, [
      ['another tenant’s administrator', others.maker.proof],
      ...(await this.#membersElsewhere()),
    ]);
    const [first, ...more] = await this.#permitted();
    if (first === undefined) throw new Error('Nobody is let in.');
    await this.#expect(operation, first, this.#letIn());
    for (const call of more) await this.#expect(await this.#about(ours.owner), call, this.#letIn());
  }

  /** For records of a partner app of ours. Each call that changes the app gets a new one. */
  async proveApps(needed: AppPermission): Promise<void> {
    const { others, user, all, token, app: makeOurs } = this.#credentials;
    const app = await makeOurs();
    const operation = await this.#about(app);
    const isToken = tokenHolds.includes(needed);
    const forbidden = this.#forbidden();
    const ofOtherKinds = this.#doors.tenant === undefined ? await this.#ofOtherKinds() : [];
    await this.#expectAll(operation, ofOtherKinds, forbidden);
    if (!isToken) await this.#expect(operation, ['the app’s own token', await token(app)], forbidden);
    const lacking = appPermissions.filter((name) => name !== needed);
    const reaches = this.#row.reach !== 'own';
    const { withoutIt } = this.#row;
    const toMember =
      withoutIt === 'missing' ? this.#missing() : withoutIt === 'let in' ? this.#letIn() : forbidden;
    await this.#expect(
      operation,
      ['a member without the permission', await this.#member(app, lacking)],
      toMember,
    );
    const removed = await this.#removedMember(app);
    const isOpen = this.#doors.tenant !== undefined && this.#row.withoutIt === undefined;
    const toUnknown = isOpen ? forbidden : this.#missing();
    await this.#expect(operation, ['a member who was removed', removed], toUnknown);
    await this.#refuseStrangers(app, operation, [
      ['another app’s owner', others.maker.proof],
      ...(await this.#membersElsewhere()),
      ...(this.#row.managesApps === undefined && reaches
        ? [
            [
              'a colleague who is no member',
              await user(all, { email: 'colleague@ours.example', email_verified: true }),
            ] as const,
          ]
        : []),
    ]);
    if (reaches) {
      const member = await this.#member(app, [needed]);
      await this.#expect(operation, ['a member with the permission', member], this.#letIn());
    }
    if (!isToken) return;
    const fresh = reaches ? await makeOurs() : app;
    const asked = reaches ? await this.#about(fresh) : operation;
    await this.#expect(asked, ['the app’s own token', await token(fresh)], this.#letIn());
  }

  async #about(owner: Owner | App, make = this.#row.about): Promise<Operation> {
    const given = await make?.(owner, this.#credentials);
    const { document } = this.#row;
    if (document === undefined) return mutationOf(this.#capability.path, given ?? {});
    return { document, variables: { ...given } };
  }

  /** No credential, an expired one, and the credentials of other routes. */
  async #refuseNobody(operation: Operation): Promise<void> {
    const { expired, revoked, signature, proofs } = this.#credentials;
    const reasons: readonly (readonly [string | undefined, readonly Named[]])[] = [
      ['expired', expired],
      ['revoked', revoked],
      ['invalid', proofs],
      [
        undefined,
        [
          ['nobody', {}],
          ['a signature', signature(JSON.stringify(operation))],
          ['the test control', { 'x-test-control': secrets.TEST_CONTROL_SECRET }],
        ],
      ],
    ];
    for (const [reason, named] of reasons) await this.#expectAll(operation, named, unauthenticated(reason));
  }

  /**
   * Each kind of credential that can have the permission, without it, and each kind that cannot, with all other
   * permissions.
   */
  async #withoutPermission(): Promise<Named[]> {
    const { key, user, service, link, all, ofKeys, person } = this.#credentials;
    const { tenant, app, email } = this.#doors;
    if (this.#row.needs === 'ANY_CREDENTIAL') return [];
    if (email !== undefined) return this.#ofOtherKinds();
    const but = (held: readonly string[]) => held.filter((name) => name !== tenant);
    return [
      ['an API key without the permission', await key(but(ofKeys))],
      ['a user without the permission', await user(but(all))],
      ['a service without the permission', await service(but(all))],
      ['a console link without the permission', await link(but(ofKeys))],
      ...(app === undefined ? [['somebody with an email', await person('somebody@x.example')] as const] : []),
      ...(app === undefined ? [await this.#anAppsToken()] : []),
    ];
  }

  /** A caller for a tenant or an app, if a person is required. */
  async #ofOtherKinds(): Promise<Named[]> {
    const { key, user, service, link, all, ofKeys } = this.#credentials;
    return [
      ['an API key that may do everything', await key(ofKeys)],
      ['a user without a verified email', await user(all)],
      ['a service that may do everything', await service(all)],
      ['a console link that may do everything', await link(ofKeys)],
      ...(this.#doors.app === undefined ? [await this.#anAppsToken()] : []),
    ];
  }

  async #anAppsToken(): Promise<Named> {
    return ['an app’s own token', await this.#credentials.token(await this.#credentials.appOfOthers)];
  }

  /** Only the required permission, in each kind of credential that can have it. */
  async #permitted(): Promise<Named[]> {
    const { key, user, service, link, person, token, app } = this.#credentials;
    const { tenant, email } = this.#doors;
    if (email !== undefined) return [['the user whom it is for', await person(email)]];
    const held = tenant === undefined ? [] : [tenant];
    const isPlatform = tenant !== undefined && keysNeverHold.includes(tenant);
    return [
      ...(isPlatform
        ? []
        : ([
            ['an API key', await key(tenant === undefined ? ['READ_AUDIT_LOG'] : held)],
            ['a console link', await link(tenant === undefined ? ['READ_AUDIT_LOG'] : held)],
          ] as const)),
      ['a user', await user(held)],
      ['a service', await service(held)],
      ...(tenant === undefined ? [['an app', await token(await app())] as const] : []),
    ];
  }

  /** Callers that have the required permission for another app. */
  async #membersElsewhere(): Promise<Named[]> {
    const { app } = this.#doors;
    if (app === undefined) return this.#doors.email === undefined ? [] : [await this.#anotherInvited()];
    const theirs = await this.#credentials.appOfOthers;
    const member = ['another app’s member', await this.#member(theirs, appPermissions)] as const;
    return tokenHolds.includes(app) ? [member, await this.#anAppsToken()] : [member];
  }

  async #anotherInvited(): Promise<Named> {
    return ['a user with another email', await this.#credentials.person('another@ours.example')];
  }

  async #refuseStrangers(
    owner: Owner | App,
    operation: Operation,
    strangers: readonly Named[],
  ): Promise<void> {
    const { reach, foreign } = this.#row;
    if (reach === 'platform') return;
    if (reach === 'own' || (reach === 'log' && owner.kind === 'TENANT')) {
      await this.#showNothing(owner, operation);
      return;
    }
    const asked = foreign === undefined ? operation : await this.#about(owner, foreign);
    await this.#expectAll(asked, strangers, this.#missing());
  }

  /** A user whose token names no tenant acts for none, whatever other permissions it has. */
  async #refuseTenantless(operation: Operation): Promise<void> {
    const { all, user, oursId } = this.#credentials;
    const { tenant } = this.#doors;
    if (tenant === undefined || keysNeverHold.includes(tenant)) return;
    const anybody = await user(all, { sub: 'of-no-tenant', tenant: undefined });
    const named = { ...anybody, 'heliograph-tenant': 'ours' };
    const nothing: Expected = (answer, who) => {
      const text = JSON.stringify(answer);
      expect(text, who).not.toContain(oursId);
      expect(text, who).not.toMatch(/"__typename":"\w+Payload"/);
      expect(text, who).not.toContain('INTERNAL');
    };
    await this.#expect(operation, ['a user without a tenant', anybody], nothing);
    await this.#expect(operation, ['a user without a tenant who names one', named], (answer, who) => {
      expect([answer.status, answer.errors[0]?.extensions?.code], who).toEqual([403, 'FORBIDDEN']);
    });
  }

  /** Others that ask for their own data find nothing of ours: no record, and no number that counts one. */
  async #showNothing(owner: Owner | App, operation: Operation): Promise<void> {
    const { nobody, others, token, emptyApp, oursId } = this.#credentials;
    const { nothing } = this.#row;
    const isRead = this.#capability.method !== 'MUTATION';
    const shown: Expected = (answer, who) => {
      const [error] = answer.errors;
      expect(error?.extensions?.code, who).not.toBe('FORBIDDEN');
      if (nothing !== undefined) expect(error?.extensions ?? answered(answer), who).toEqual(nothing);
      else expect(JSON.stringify(answer), who).not.toContain(oursId);
    };
    const { proof } = isRead ? nobody.maker : others.maker;
    const asked = isRead ? operation : await this.#about(owner);
    await this.#expect(asked, ['another tenant’s administrator', proof], shown);
    if (!tokenHolds.includes(this.#doors.app ?? '')) return;
    await this.#expect(asked, ['another app’s token', await token(await emptyApp)], shown);
  }

  async #member(app: App, permissions: readonly string[]): Promise<Proof> {
    const email = `${freshName('member')}@ours.example`;
    const proof = await this.#credentials.person(email);
    await addMember(this.#credentials, app, { email, permissions, proof });
    return proof;
  }

  async #removedMember(app: App): Promise<Proof> {
    const email = `${freshName('member')}@ours.example`;
    const proof = await this.#credentials.person(email);
    const id = await addMember(this.#credentials, app, { email, permissions: appPermissions, proof });
    await app.act('removeAppMember', { id }, '__typename');
    return proof;
  }

  /** All at once, because refused calls change nothing for each other. */
  async #expectAll(operation: Operation, named: readonly Named[], expected: Expected): Promise<void> {
    await Promise.all(named.map((call) => this.#expect(operation, call, expected)));
  }

  async #expect(operation: Operation, [who, proof]: Named, expected: Expected): Promise<void> {
    this.calls += 1;
    expected(await ask(this.#credentials.origin, proof, operation), who);
  }

  #letIn(): Expected {
    const { nothing } = this.#row;
    return (answer, who) => {
      expect(answer.errors, who).toEqual([]);
      const value = only(answered(answer));
      expect(value, who).not.toBeNull();
      if (nothing !== undefined) expect(value, who).not.toEqual(nothing);
      if (this.#capability.method === 'MUTATION') {
        expect(value, who).toMatchObject({ __typename: expect.stringMatching(/Payload$/) });
      }
    };
  }

  #forbidden(): Expected {
    const { tenant, app } = this.#doors;
    const extensions = {
      code: 'FORBIDDEN',
      permission: tenant ?? app ?? null,
      ...(app === undefined ? {} : { appPermission: app }),
    };
    return (answer, who) => {
      expect(only(answered(answer)), who).toBeNull();
      expect(
        answer.errors.map((error) => error.extensions),
        who,
      ).toEqual([extensions]);
    };
  }

  #missing(): Expected {
    const isTold = this.#row.reach === 'log' || this.#capability.method === 'SUBSCRIPTION';
    return (answer, who) => {
      expect(
        answer.errors.map(({ extensions }) => extensions?.code),
        who,
      ).toEqual(isTold ? ['NOT_FOUND'] : []);
      const isMutation = this.#capability.method === 'MUTATION';
      expect(only(answered(answer)), who).toEqual(
        isMutation ? expect.objectContaining({ __typename: 'NotFoundError', code: 'NOT_FOUND' }) : null,
      );
    };
  }
}

const unauthenticated =
  (reason: string | undefined): Expected =>
  (answer, who) => {
    const extensions = answer.errors.map((error) => error.extensions);
    expect([answer.status, only(answered(answer)), extensions], who).toEqual([
      401,
      null,
      [{ code: 'UNAUTHENTICATED', ...(reason === undefined ? {} : { reason }) }],
    ]);
  };

/** A list with one item works like the item. */
const only = (value: unknown): unknown => (Array.isArray(value) && value.length === 1 ? value[0] : value);
