import { errors } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { authenticateJwt } from '../../src/access/authenticate-jwt.ts';
import { IssuerKeys } from '../../src/access/issuer-keys.ts';
import { KeysUnavailableError, RequestError } from '../../src/errors.ts';
import { configWith, createIssuer, goodClaims, type Issuer } from './issuer.ts';

let old: Issuer;
let fresh: Issuer;
let stranger: Issuer;
beforeAll(async () => {
  [old, fresh, stranger] = await Promise.all([
    createIssuer('ES256', ['old']),
    createIssuer('ES256', ['fresh']),
    createIssuer('ES256', ['stranger']),
  ]);
});

/** An issuer whose answer a test sets, and a clock that the test moves. */
function openIssuer() {
  const { jwt } = configWith({});
  const issuer = { answer: old.jwks as string | Error, looks: 0, now: 0 };
  const keys = new IssuerKeys(
    async () => {
      issuer.looks += 1;
      if (issuer.answer instanceof Error) throw issuer.answer;
      return JSON.parse(issuer.answer);
    },
    () => issuer.now,
  );
  const verify = async (by: Issuer, kid?: string) =>
    authenticateJwt(await by.sign(goodClaims(), kid === undefined ? undefined : { kid }), {
      keys: keys.get,
      issuer: jwt.issuer,
      audience: jwt.audience,
    });
  return { issuer, verify };
}

test('a good token of a new key passes at the first try', async () => {
  const { issuer, verify } = openIssuer();
  await verify(old);
  issuer.answer = fresh.jwks;
  issuer.now += 5_000;
  expect((await verify(fresh)).subject).toBe('user-1');
  expect(issuer.looks).toBe(2);
});

test('a hundred tokens with unknown keys share a few looks', async () => {
  const { issuer, verify } = openIssuer();
  await verify(old);
  issuer.now += 5_000;
  const refusals = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      verify(stranger, `unknown-${index}`).catch((error: unknown) => error),
    ),
  );
  for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(issuer.looks).toBeLessThanOrEqual(3);
});

test.each<[string, string | Error]>([
  ['an empty set', '{"keys":[]}'],
  ['nonsense', '{"keys":7}'],
  ['an error', new Error('500')],
])(
  'with %s the last good set is kept, and a caller with an unknown key is told to try again',
  async (_name, answer) => {
    const { issuer, verify } = openIssuer();
    await verify(old);
    issuer.answer = answer;
    issuer.now += 5_000;
    await expect(verify(fresh)).rejects.toThrow(KeysUnavailableError);
    expect((await verify(old)).subject).toBe('user-1');
    // A read has just failed, so there is no new one.
    await expect(verify(fresh)).rejects.toThrow(KeysUnavailableError);
    expect(issuer.looks).toBe(2);
    // Old keys are read again. If that fails, they are still used.
    issuer.now += 700_000;
    expect((await verify(old)).subject).toBe('user-1');
    issuer.answer = fresh.jwks;
    issuer.now += 5_000;
    expect((await verify(fresh)).subject).toBe('user-1');
  },
);

test('a key that the issuer no longer publishes stops counting after ten minutes', async () => {
  const { issuer, verify } = openIssuer();
  await verify(old);
  issuer.answer = fresh.jwks;
  issuer.now += 599_000;
  expect((await verify(old)).subject).toBe('user-1');
  issuer.now += 5_000;
  await expect(verify(old)).rejects.toThrow(RequestError);
});

test('without a set that was ever read nothing can be known', async () => {
  const { issuer, verify } = openIssuer();
  issuer.answer = new errors.JOSEError('no');
  await expect(verify(old)).rejects.toThrow(KeysUnavailableError);
});
