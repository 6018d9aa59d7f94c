import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Fault, play, type Scene } from '../faults/fault.ts';
import { lostPublish, lostSettle } from '../faults/on-network.ts';
import { killApi, killWorkers, rollingRestart } from '../faults/on-processes.ts';
import { eventType, Site, within } from '../faults/site.ts';
import { type PublishData, removeEndpoint } from '../faults/traffic.ts';
import { publishDocument, send } from '../support/client.ts';
import { Cluster, startNode, stopNode } from './cluster.ts';
import { laterRelease } from './later-release.ts';

/**
 * Breaks parts of a Citus cluster, and of the processes over it, during steady traffic, and asks the oracles of
 * `test/faults` after each. `--only "node,moved"` plays those whose names contain one of the words.
 *
 * The oracle about late settles is not asked: it needs triggers, which distributed tables cannot have.
 */
const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const words = values.only.split(',');
const cluster = await Cluster.open();
const site = await Site.open({ server: cluster });

const terminateEverywhere: Fault = {
  name: 'all backends of every node terminated, 3 times',
  mayDuplicate: true,
  async act() {
    for (let times = 0; times < 3; times += 1) {
      await cluster.onEveryNode(
        `select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`,
      );
      await delay(1_000);
    }
  },
};

const killNodes: Fault = {
  name: 'each worker node killed, and started again after 3 s',
  mayDuplicate: true,
  async act() {
    for (const node of cluster.workers) {
      await stopNode(node, 'immediate');
      await delay(3_000);
      await startNode(node);
      await delay(2_000);
    }
  },
};

/** Whoever deploys or crashes meanwhile must come back. */
const startWithoutNode: Fault = {
  name: 'processes killed and started while a worker node is away',
  mayDuplicate: true,
  async act() {
    const [node] = cluster.workers;
    if (node === undefined) return;
    await stopNode(node, 'immediate');
    for (const role of ['api', 'worker'] as const) {
      await site.kill(site.one(role));
      await site.start(role);
    }
    await startNode(node);
  },
};

const restartCoordinator: Fault = {
  name: 'the coordinator killed, and started again',
  mayDuplicate: true,
  async act({ blame }) {
    await cluster.stop('immediate');
    await cluster.start();
    await site.reconnect();
    if (!(await within(20_000, isReady))) blame('not ready 20 s after the restart');
  },
};

/** All shards of the tenants of the traffic, there and back. */
const moveShards: Fault = {
  name: 'the shards of each tenant moved to another node, and back',
  mayDuplicate: false,
  act: moveAll,
};

/** Two calls with the same key, and the end of an endpoint, come to a shard that is about to go elsewhere. */
const useWhileMoving: Fault = {
  name: 'endpoints deleted and keys used twice, while the shards of their tenants are moved',
  mayDuplicate: false,
  async act(scene) {
    const { traffic, blame } = scene;
    let isMoving = true;
    const moving = moveAll(scene).finally(() => {
      isMoving = false;
    });
    let again = 0;
    for (let rounds = 0; isMoving; rounds += 1) {
      for (const tenant of traffic.tenants) {
        const endpoint = await traffic.addEndpoint(tenant);
        await traffic.publish(tenant, 2);
        await removeEndpoint(scene, tenant, endpoint);
        const events = [{ type: eventType, idempotencyKey: `while moving ${rounds}`, payload: { n: 0 } }];
        const call = () => send<PublishData>(tenant.caller, publishDocument, { events });
        const [one, other] = await Promise.all([call(), call()]);
        const [id, otherId] = [one, other].map(({ body }) => body.data?.publishEvents.events?.[0]?.event.id);
        if (id !== undefined && id === otherId) again += 1;
        else if (![one, other].some(isUnavailable))
          blame(`a key used twice was answered ${JSON.stringify([one.body, other.body])}`);
      }
    }
    await moving;
    if (again === 0) blame('no key was used twice: nothing was proven');
  },
};

const isUnavailable = ({ body }: Awaited<ReturnType<typeof send<PublishData>>>) =>
  body.errors?.some(({ extensions }) => extensions?.code === 'UNAVAILABLE') === true;

async function moveAll({ traffic, blame }: Scene): Promise<void> {
  const owners = await site.sql<{ id: string }>('select id from tenant where external_id = any($1)', [
    traffic.tenants.map(({ name }) => name),
  ]);
  const shards = await site.sql<{ shard: string; from: number; to: number; host: string }>(
    `select distinct s.shardid as shard, n.nodeport as from, o.nodeport as to, n.nodename as host
       from owner_log l
       join pg_dist_shard s on s.shardid = get_shard_id_for_distribution_column('owner_log', l.owner_id)
       join pg_dist_placement p on p.shardid = s.shardid
       join pg_dist_node n on n.groupid = p.groupid
       join pg_dist_node o on o.groupid not in (0, n.groupid)
      where l.owner_id = any($1)`,
    [owners.map(({ id }) => id)],
  );
  if (shards.length === 0) blame('there is no shard to move: nothing was proven');
  for (const { shard, from, to, host } of shards) {
    for (const [a, b] of [
      [from, to],
      [to, from],
    ]) {
      await site.sql(
        `select citus_move_shard_placement($1, $2, $3, $2, $4, shard_transfer_mode => 'force_logical')`,
        [shard, host, a, b],
      );
    }
  }
}

async function isReady(): Promise<boolean> {
  try {
    return (await fetch(`${site.one('api').origin}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

const faults = [
  killWorkers(2),
  killApi,
  rollingRestart(2),
  terminateEverywhere,
  lostPublish,
  lostSettle,
  killNodes,
  startWithoutNode,
  restartCoordinator,
  moveShards,
  useWhileMoving,
  laterRelease,
].filter(({ name }) => words.some((word) => name.includes(word)));

let failed = 0;
try {
  for (const fault of faults) {
    const { events, duplicates, lost, seconds, problems } = await play(site, fault);
    if (problems.length > 0) failed += 1;
    console.log(
      `${fault.name}: ${events} events, ${duplicates} duplicates, ${lost} lost, ${seconds.toFixed(1)} s${problems.length > 0 ? ', FAILED' : ''}`,
    );
    for (const problem of problems) console.log(`  ${problem}`);
  }
} finally {
  await site.close();
}
console.log(`${faults.length} faults on Citus, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
