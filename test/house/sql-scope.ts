/** A statement that uses an owned table without naming an owner: the table and the statement. */
export type Unscoped = Readonly<{ table: string; text: string }>;

/** The tables whose rows belong to one owner, and the column with the owner. */
const ownedTables: Readonly<Record<string, string>> = {
  owner_log: 'owner_id',
  audit_entry: 'owner_id',
  endpoint: 'owner_id',
  signing_secret: 'owner_id',
  endpoint_health: 'owner_id',
  endpoint_stat: 'owner_id',
  endpoint_latency: 'owner_id',
  event: 'owner_id',
  event_key: 'owner_id',
  delivery: 'owner_id',
  attempt: 'owner_id',
  due: 'owner_id',
  delivery_log: 'owner_id',
  idempotency_key: 'owner_id',
  usage_day: 'owner_id',
  replay_job: 'owner_id',
  replay_job_item: 'owner_id',
  cancel_job: 'owner_id',
  alert_mail: 'owner_id',
  api_key: 'tenant_id',
};

const keywords = new Set(
  'as on using where set join left right inner cross full lateral group order limit for returning union select values with and or when from natural window having offset fetch do'.split(
    ' ',
  ),
);

/**
 * Finds where a statement reads, changes or deletes rows of an owned table without a condition on the owner's column.
 * A condition is a comparison of that column of that table (by its alias, if it has one), a tuple that contains it,
 * or a join by `using`. It reads texts, not plans. A statement that it does not understand is reported, never passed.
 */
export function unscopedUses(sql: string): Unscoped[] {
  const text = sql.replaceAll('"', '').replace(/\s+/g, ' ').trim().toLowerCase();
  if (/^(create|drop|alter|set|begin|commit|rollback|listen|explain|analyze)\b/.test(text)) return [];
  return tableUses(text)
    .filter((use) => !isScoped(text, use))
    .map(({ table }) => ({ table, text }));
}

type Use = Readonly<{ verb: string; table: string; alias: string; column: string }>;

function tableUses(text: string): Use[] {
  const uses: Use[] = [];
  const pattern =
    /\b(from|join|update|into|using)\s+(?:only\s+)?([a-z_]+?)(?:_\d{8})?(?![a-z_0-9(])(?:\s+(?:as\s+)?([a-z_][a-z_0-9]*))?/g;
  for (const match of text.matchAll(pattern)) {
    const [, verb = '', table = '', next = ''] = match;
    const column = ownedTables[table];
    if (column === undefined || isCte(text, table)) continue;
    uses.push({ verb, table, alias: next === '' || keywords.has(next) ? table : next, column });
  }
  return uses;
}

const isCte = (text: string, name: string) =>
  new RegExp(`(with|,|recursive)\\s+${name}\\s+(\\([^)]*\\)\\s+)?as\\s`).test(text);

function isScoped(text: string, { verb, table, alias, column }: Use): boolean {
  if (verb === 'into')
    return new RegExp(`into ${table}( as [a-z]+| [a-z]+)? ?\\([^)]*\\b${column}\\b`).test(text);
  const named = `(?:${alias}|${table})\\.${column}`;
  const bare = `(?<![.\\w])${column}`;
  const compared = (name: string) => `${name}\\s*(=|in\\b|>|<)|=\\s*${name}\\b`;
  const conditions = [
    compared(named),
    compared(bare),
    `\\(([a-z_.]+,\\s*)*(${named}|${bare})\\s*(,[^()]*)?\\)\\s*(=|in\\b|>|<)`,
    `using \\(([a-z_]+,\\s*)*${column}\\b`,
  ];
  return conditions.some((condition) => new RegExp(condition).test(text));
}
