import { RequestError, UsageError } from '../node.ts';
import { act } from './act.ts';
import { documents } from './documents.ts';
import { type EndpointOptions, inputOf, readSecret } from './endpoint-options.ts';
import { listOf, printable, type Session } from './session.ts';
import { type Endpoint, endpointText } from './show-endpoint.ts';
import { isConfirmed } from './watch-job.ts';

type Secret = Readonly<{ secretFile?: string; key?: string }>;

/** `heliograph create-endpoint`: prints the endpoint and, if it was made by the server, its secret. */
export async function createEndpoint(
  session: Session,
  url: string,
  options: EndpointOptions & Secret & Readonly<{ events: string; signature?: string; inactive?: boolean }>,
): Promise<void> {
  const { signature, secretFile, key, inactive } = options;
  const { endpoint, secret } = await act<{ endpoint: Endpoint; secret: string }>(
    session,
    documents.createEndpoint,
    {
      input: {
        url,
        ...(await inputOf(options)),
        events: listOf(options.events),
        ...(signature === undefined ? {} : { signature: signature.toUpperCase().replace('-', '_') }),
        ...(secretFile === undefined ? {} : { secret: await readSecret(secretFile) }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
        ...(inactive === true ? { isActive: false } : {}),
      },
    },
  );
  sayWithSecret(session, { endpoint, secret, isOwn: secretFile !== undefined });
}

/** `heliograph update-endpoint`: changes what is named. */
export async function updateEndpoint(
  session: Session,
  id: string,
  options: EndpointOptions & Readonly<{ address?: string; active?: boolean; inactive?: boolean }>,
): Promise<void> {
  const { address, active, inactive } = options;
  if (active === true && inactive === true) throw new UsageError('Give --active or --inactive, not both.');
  const input = {
    ...(address === undefined ? {} : { url: address }),
    ...(await inputOf(options)),
    ...(active === true || inactive === true ? { isActive: active === true } : {}),
  };
  if (Object.keys(input).length === 0) throw new UsageError('Name at least one thing to change.');
  const { endpoint } = await act<{ endpoint: Endpoint }>(session, documents.updateEndpoint, {
    input: { id, ...input },
  });
  session.print(endpoint, endpointText(endpoint));
}

/** `heliograph rotate-secret`: the older secrets go on signing beside the new one for a while. */
export async function rotateSecret(
  session: Session,
  id: string,
  options: Secret & Readonly<{ overlap?: string }>,
): Promise<void> {
  const { secretFile, key, overlap } = options;
  const { endpoint, secret } = await act<{ endpoint: Endpoint; secret: string }>(
    session,
    documents.rotateSecret,
    {
      input: {
        id,
        ...(secretFile === undefined ? {} : { secret: await readSecret(secretFile) }),
        ...(key === undefined ? {} : { idempotencyKey: key }),
        ...(overlap === undefined ? {} : { overlapSeconds: secondsOf(overlap) }),
      },
    },
  );
  sayWithSecret(session, { endpoint, secret, isOwn: secretFile !== undefined });
}

/** A secret that the caller brought is not printed. A public key stands with the endpoint. */
function sayWithSecret(
  session: Session,
  { endpoint, secret, isOwn }: { endpoint: Endpoint; secret: string; isOwn: boolean },
): void {
  const isShown = !isOwn && endpoint.signature !== 'ED25519';
  session.print(
    { ...endpoint, ...(isShown ? { secret } : {}) },
    `${endpointText(endpoint)}${isShown ? `\n${'secret'.padEnd(10)}  ${secret}` : ''}`,
  );
  if (isShown) session.tell('The secret is shown only now: give it to the receiver.');
}

function secondsOf(text: string): number {
  const time = /^(\d{1,6})([smhd])$/.exec(text);
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
  const unit = units[time?.[2] ?? ''];
  if (time !== null && unit !== undefined) return Number(time[1]) * unit;
  throw new UsageError(`"${printable(text)}" is no length of time: give 0s, 15m, 24h or 7d.`);
}

/** `heliograph pause` and `heliograph resume`. */
export async function pauseEndpoint(session: Session, id: string): Promise<void> {
  const { endpoint } = await act<{ endpoint: Endpoint }>(session, documents.pauseEndpoint, { id });
  session.print(endpoint, `${endpoint.id}  ${endpoint.state.name}  since ${endpoint.pausedAt}`);
}

export async function resumeEndpoint(session: Session, id: string): Promise<void> {
  const { endpoint } = await act<{ endpoint: Endpoint }>(session, documents.resumeEndpoint, { id });
  session.print(endpoint, `${endpoint.id}  ${endpoint.state.name}`);
}

type Doomed = Readonly<{ endpoint: { id: string; url: string } | null }>;

/** `heliograph delete-endpoint`: shows which one it is, and asks. Returns whether it was deleted. */
export async function deleteEndpoint(
  session: Session,
  id: string,
  options: Readonly<{ yes?: boolean }>,
): Promise<boolean> {
  const { endpoint } = await session.heliograph.query<Doomed>(documents.endpoint, { id });
  if (endpoint === null) throw new RequestError('NOT_FOUND', `There is no endpoint ${printable(id)}.`);
  const question = `Delete ${printable(endpoint.url)} with its secrets and its history? What waits is never sent. [y/N] `;
  if (options.yes !== true && !(await isConfirmed(question, session.signal))) {
    session.tell('Nothing was deleted.');
    return false;
  }
  const deleted = await act<{ id: string; deletedAt: string }>(session, documents.deleteEndpoint, { id });
  session.print({ id: deleted.id, deletedAt: deleted.deletedAt }, `${deleted.id}  deleted`);
  return true;
}

/** `heliograph verify`. Returns whether the receiver wants the deliveries. */
export async function verifyEndpoint(session: Session, id: string): Promise<boolean> {
  const { verified, reason } = await act<{ verified: boolean; reason: string | null }>(
    session,
    documents.verifyEndpoint,
    { id },
  );
  session.print(
    { id, verified, reason },
    `${id}  ${verified ? 'verified' : `not verified: ${printable(reason)}`}`,
  );
  return verified;
}
