import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { retrying } from '../../src/db/retry.ts';

/** Databases on a Citus cluster, for `npm run test:citus`, which sets CITUS_URL. */
export const citusUrl = process.env.CITUS_URL;

/** A quarter of what Citus makes by itself, because each shard of each partition is a table. */
const shardCount = 8;

export async function createCitusDatabase(
  name: string,
  options: {
    /** How many of the cluster's nodes take part besides the coordinator; by default all. */
    workers?: number;
    /** Is done to the empty database of each node. */
    prepare?: ((url: string) => Promise<void>) | undefined;
    /** A folder with the migrations of another release. */
    migrations?: string | undefined;
  } = {},
): Promise<{ url: string; nodes: readonly URL[]; drop(): Promise<void> }> {
  const cluster = new URL(citusUrl ?? '');
  const nodes = (await nodesOf(cluster)).slice(0, 1 + (options.workers ?? Number.POSITIVE_INFINITY));
  for (const node of nodes) {
    await onServer(node, `create database ${name}`);
    await onServer(inDatabase(node, name), 'create extension citus');
    await options.prepare?.(inDatabase(node, name).href);
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
  await migrate(url.href, options.migrations);
  return {
    url: url.href,
    nodes: nodes.map((node) => inDatabase(node, name)),
    drop: () => dropOn(nodes, name),
  };
}

/** Nobody can connect to it from now on, and databases can be cloned from it. */
export async function freezeCitusDatabase(name: string): Promise<void> {
  for (const node of await nodesOf(new URL(citusUrl ?? ''))) {
    await onServer(
      node,
      `alter database ${name} allow_connections false`,
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '${name}'`,
    );
  }
}

/**
 * A database on every node, copied from the node's own part of a frozen one. That takes a second, where making one takes
 * twenty.
 */
export async function cloneCitusDatabase(
  name: string,
  template: string,
): Promise<{ url: string; drop(): Promise<void> }> {
  const cluster = new URL(citusUrl ?? '');
  const nodes = await nodesOf(cluster);
  await Promise.all(
    nodes.map((node) => onServer(node, `create database ${name} template ${template} strategy file_copy`)),
  );
  return { url: inDatabase(cluster, name).href, drop: () => dropOn(nodes, name) };
}

async function dropOn(nodes: readonly URL[], name: string): Promise<void> {
  for (const node of nodes) await onServer(node, `drop database if exists ${name} with (force)`);
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

/** For people, such as "Citus 13.2.0". */
export async function clusterVersion(cluster: URL): Promise<string> {
  const client = new pg.Client({ connectionString: cluster.href });
  await client.connect();
  const { rows } = await client.query<{ version: string }>(
    `select 'Citus ' || split_part(citus_version(), ' ', 2) || ' on PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) as version`,
  );
  await client.end();
  return rows[0]?.version ?? '';
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
