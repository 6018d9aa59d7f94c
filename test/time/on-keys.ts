import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Cluster } from '../citus/cluster.ts';
import { type Fault, play } from '../faults/fault.ts';
import { Site } from '../faults/site.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

/**
 * SECRETS_KEYS is changed under load as the guide says: the new key second, then first, then what the old one sealed is
 * sealed anew, and the old one goes. Every request must stay signed with the endpoint's own secret (O3).
 */
export async function changeKeys(): Promise<readonly string[]> {
  const [old, fresh] = [key('old'), key('new')];
  const server = await Cluster.openIfGiven();
  const site = await Site.open({ workers: 1, environment: { SECRETS_KEYS: old }, ...server });
  site.canaries.push(...[old, fresh].map((one) => one.slice(4)));
  const act: Fault['act'] = async ({ blame }) => {
    await roll(site, `${old},${fresh}`, blame);
    await roll(site, `${fresh},${old}`, blame);
    console.log(`  ${await rekey(site, `${fresh},${old}`)}`);
    await roll(site, fresh, blame);
    await delay(2_000);
    const said = await rekey(site, fresh);
    if (!said.includes(': 0 signing secrets')) blame(`something was still sealed under the old key: ${said}`);
  };
  try {
    const result = await play(site, { name: 'keys', mayDuplicate: false, act });
    console.log(`  ${result.events} events, ${result.lost} lost, ${result.duplicates} sent twice`);
    return result.problems;
  } finally {
    await site.close();
  }
}

async function roll(site: Site, keys: string, blame: (problem: string) => void): Promise<void> {
  site.environment = { ...site.environment, SECRETS_KEYS: keys };
  for (const role of ['worker', 'api'] as const) {
    const leaving = site.one(role);
    await site.start(role);
    if ((await site.stop(leaving)) !== 0) blame(`a ${role} did not end well`);
  }
}

/** The receivers run in this process, so it must not wait for the command. */
async function rekey(site: Site, keys: string): Promise<string> {
  const env = { PATH: process.env.PATH, DATABASE_URL: site.postgres.url, SECRETS_KEYS: keys };
  const command = ['--import', 'tsx', 'src/commands/rekey.ts'];
  return (await promisify(execFile)(process.execPath, command, { env })).stdout.trim();
}
