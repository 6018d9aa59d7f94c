import { connect, HeliographError } from '../node.ts';
import { documents } from './documents.ts';
import { printable, type Session } from './session.ts';

type Finding = Readonly<{ check: string; isGood: boolean; says: string }>;
const liveWithinMs = 8_000;
const clockToleranceMs = 60_000;
const remedies = new Map([
  ['UNAUTHENTICATED', ' Get a new token: this one has expired, was revoked, or is for another server.'],
]);

/** `heliograph doctor`: tells what is wrong and how to fix it. Returns whether all is well. */
export async function doctor(session: Session): Promise<boolean> {
  const { url, token, tenant, print, heliograph } = session;
  let isWell = true;
  const say = ({ check, isGood, says }: Finding) => {
    isWell &&= isGood;
    print(
      { check, ok: isGood, says },
      `${isGood ? 'ok   ' : 'wrong'}  ${check.padEnd(12)}  ${printable(says)}`,
    );
  };
  say(await look('server', () => reach(url)));
  if (!isWell) return false;
  say(
    await look('credential', async () => {
      if (((await token()) ?? '').trim() === '')
        throw new Error(
          'There is none. Set HELIOGRAPH_TOKEN, or name a file that holds a token with --token-file.',
        );
      const { viewer } = await heliograph.query<{
        viewer: { label: string; kind: string; permissions: string[]; expiresAt: string | null };
      }>(documents.viewer);
      return `${viewer.label} (${viewer.kind}), ${viewer.expiresAt === null ? 'without an end' : `until ${viewer.expiresAt}`}, may: ${viewer.permissions.join(', ').toLowerCase() || 'nothing'}`;
    }),
  );
  // Without a credential nothing can be said of the log.
  if (!isWell) return false;
  for (const transport of ['ws', 'sse'] as const) {
    say(
      await look(transport === 'ws' ? 'WebSocket' : 'event stream', async () => {
        const ending = new AbortController();
        const timer = setTimeout(() => ending.abort(), liveWithinMs);
        let last = 'nothing came';
        let isLive = false;
        const log = connect({ url, token, tenant, transport }).log({
          signal: AbortSignal.any([ending.signal, session.signal]),
          onState: (state, reason) => {
            last = reason ?? last;
            if (state === 'reconnecting') return;
            isLive = true;
            ending.abort();
          },
        });
        await log.next().finally(() => clearTimeout(timer));
        if (isLive) return `live at position ${log.position}`;
        throw new Error(
          `${last}. Where a proxy stands between, it has to pass ${transport === 'ws' ? 'WebSocket upgrades' : 'responses on unbuffered'}.`,
        );
      }),
    );
  }
  return isWell;
}

async function look(check: string, act: () => Promise<string>): Promise<Finding> {
  try {
    return { check, isGood: true, says: await act() };
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    if (!(error instanceof HeliographError)) return { check, isGood: false, says };
    return { check, isGood: false, says: `${error.code}: ${says}${remedies.get(error.code) ?? ''}` };
  }
}

/** Checks that the server answers, and that its clock agrees with ours. */
async function reach(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(liveWithinMs) });
  } catch (error) {
    const why = Object(Object(error).cause).code ?? 'no answer';
    throw new Error(
      `${url} does not answer (${String(why)}). Is the server started, and is HELIOGRAPH_URL right?`,
    );
  }
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url} is not ready (${response.status}). Its database may be away.`);
  const date = response.headers.get('date');
  const offMs = date === null ? 0 : Date.now() - Date.parse(date);
  if (Math.abs(offMs) > clockToleranceMs) {
    throw new Error(
      `This machine's clock is ${Math.round(offMs / 1_000)} s off the server's: tokens would seem expired, or not valid yet.`,
    );
  }
  return `${url} is ready, its clock agrees`;
}
