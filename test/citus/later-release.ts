import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/db/migrate.ts';
import type { Fault } from '../faults/fault.ts';
import type { Site } from '../faults/site.ts';

/** What later releases may bring: columns, a check, an index, values for old rows, tables of both kinds. */
const later = {
  '9001_column.sql': `
    alter table delivery add column drill_note text;
    alter table due add column drill_turn smallint not null default 0;
    alter table event_type add column drill_note text;`,
  '9002_check.sql': `
    alter table endpoint add column drill_mark boolean not null default false;
    alter table endpoint add constraint endpoint_drill check (drill_mark or is_active is not null) not valid;
    alter table endpoint validate constraint endpoint_drill;`,
  '9003_values.sql': `
    update endpoint set drill_mark = true;
    update delivery set drill_note = event_type where drill_note is null;`,
  '9004_index.sql': `-- concurrently
    create index delivery_drill on delivery (owner_id, event_type, kind);`,
  '9005_index.sql': `-- concurrently
    create unique index endpoint_drill on endpoint (owner_id, id, url);`,
  '9006_tables.sql': `
create table drill_owned (owner_id uuid not null, id uuid not null, note text not null, primary key (owner_id, id));
create table drill_kind (name text primary key);`,
};

/** The database is distributed, has rows, and is in use by processes of this release, which stay and start over it. */
export const laterRelease: Fault = {
  name: 'a later release’s migrations of the distributed database',
  mayDuplicate: true,
  async act({ site, blame }) {
    const folder = mkdtempSync(join(tmpdir(), 'heliograph-migrations-'));
    cpSync('migrations', folder, { recursive: true });
    for (const [name, text] of Object.entries(later)) writeFileSync(join(folder, name), text);
    try {
      const applied = await migrate(site.postgres.url, folder);
      if (applied.length !== Object.keys(later).length) blame(`applied only ${applied.join(', ')}`);
      if ((await migrate(site.postgres.url, folder)).length > 0) blame('something was applied twice');
    } finally {
      rmSync(folder, { recursive: true });
    }
    for (const problem of await look(site)) blame(problem);
    await site.kill(site.one('worker'));
    await site.start('worker');
    await site.start('api');
    await site.kill(site.one('api'));
  },
};

async function look(site: Site): Promise<string[]> {
  const problems: string[] = [];
  const [left] = await site.sql<{ n: number }>(
    'select count(*)::integer as n from endpoint where not drill_mark',
  );
  if (left?.n !== 0) problems.push(`${left?.n} endpoints were made after the migration, or missed by it`);
  const [filled] = await site.sql<{ n: number }>(
    'select count(*)::integer as n from delivery where drill_note = event_type',
  );
  if ((filled?.n ?? 0) === 0) problems.push('no delivery has the new column’s value');
  const kinds = await site.sql<{ name: string; kind: string; follows: boolean }>(
    `select p.logicalrelid::text as name, p.partmethod as kind,
            p.colocationid = (select colocationid from pg_dist_partition where logicalrelid = 'owner_log'::regclass) as follows
       from pg_dist_partition p where p.logicalrelid::text like 'drill%' order by 1`,
  );
  if (JSON.stringify(kinds.map((one) => [one.name, one.kind, one.follows])) !== newTables)
    problems.push(`the new tables lie otherwise: ${JSON.stringify(kinds)}`);
  for (const [table, index] of [
    ['delivery', 'delivery_drill'],
    ['endpoint', 'endpoint_drill'],
  ]) {
    const shards = await site.sql<{ success: boolean; result: string }>(
      `select success, result from run_command_on_shards($1::regclass, $2)`,
      [
        table,
        `select bool_and(indisvalid) from pg_index
          where indrelid = '%s'::regclass and indexrelid::regclass::text like '${index}%%'`,
      ],
    );
    const whole = shards.filter(({ success, result }) => success && result === 't').length;
    if (shards.length === 0 || whole < shards.length)
      problems.push(`${index} is whole on ${whole} of ${shards.length} shards`);
  }
  return problems;
}

const newTables = JSON.stringify([
  ['drill_kind', 'n', false],
  ['drill_owned', 'h', true],
]);
