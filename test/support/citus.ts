import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { retrying } from '../../src/db/retry.ts';

/**
 * Databases on a Citus cluster, for `npm run test:citus`, which sets CITUS_URL. A database with the extension cannot be
 * cloned from a template, so each is made on every node, joined and migrated.
 */
export const citusUrl = process.env.CITUS_URL;

/** A quarter of what Citus makes by itself, because each shard of each partition is a table. */
const shardCount = 8;

export async function createCitusDatabase(
  name: string,
  options: { workers?: number } = {},
): Promise<{ url: string; drop(): Promise<void> }> {
  const cluster = new URL(citusUrl ?? '');
  const nodes = (await nodesOf(cluster)).slice(0, 1 + (options.workers ?? Number.POSITIVE_INFINITY));
  for (const node of nodes) {
    await onServer(node, `create database ${name}`);
    await onServer(inDatabase(node, name), 'create extension citus');
  }
  const url = inDatabase(cluster, name);
  await onServer(
    url,
    `alter database ${name} set citus.shard_count = ${shardCount}`,
    `select citus_set_coordinator_host('${cluster.hostname}', ${portOf(cluster)})`,
    // A cluster of one node.
    ...(nodes.length > 1
      ? []
      : [
          `select citus_set_node_property('${cluster.hostname}', ${portOf(cluster)}, 'shouldhaveshards', true)`,
        ]),
    ...nodes
      .filter((node) => node.host !== cluster.host)
      .map((node) => `select citus_add_node('${node.hostname}', ${portOf(node)})`),
  );
  await migrate(url.href);
  return {
    url: url.href,
    async drop() {
      for (const node of nodes) await onServer(node, `drop database if exists ${name} with (force)`);
    },
  };
}

/** The coordinator first. */
export async function nodesOf(cluster: URL): Promise<URL[]> {
  const client = new pg.Client({ connectionString: cluster.href });
  await client.connect();
  const { rows } = await client.query<{ host: string; port: number }>(
    'select nodename as host, nodeport as port from pg_dist_node where groupid <> 0 order by nodeid',
  );
  await client.end();
  return [
    cluster,
    ...rows.map(({ host, port }) => {
      const node = new URL(cluster);
      node.hostname = host;
      node.port = String(port);
      return node;
    }),
  ];
}

async function onServer(url: URL, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    for (const statement of statements) {
      // Several databases are made at a time, and a node may not be reachable from another for a moment.
      await retrying(() => client.query(statement), { attempts: 5 });
    }
  } finally {
    await client.end();
  }
}

function inDatabase(url: URL, name: string): URL {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed;
}

const portOf = ({ port }: URL) => (port === '' ? '5432' : port);
