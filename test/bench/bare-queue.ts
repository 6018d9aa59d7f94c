import { createHmac, randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Pool } from 'undici';

/**
 * What one would write by hand: workers that claim with SKIP LOCKED, send a signed POST, and record status, attempt and
 * a line of a log in one statement for each batch. It has no leases, fences, limits for each endpoint, address guard,
 * statistics or positions without gaps.
 */
const workers = 4;
const rowsPerClaim = 128;

const schema = `
  create schema bare;
  create table bare.delivery (id bigint primary key, body text not null, status text not null, due_at timestamptz not null);
  create index on bare.delivery (due_at, id) where status = 'PENDING';
  create table bare.attempt (delivery_id bigint, number integer, status integer, duration_ms real, request json,
                             primary key (delivery_id, number));
  create table bare.log (position bigint generated always as identity primary key, delivery_id bigint, status text)`;

const claim = `
  update bare.delivery d set due_at = now() + interval '1 minute'
    from (select id from bare.delivery where status = 'PENDING' and due_at <= now()
           order by due_at, id limit ${rowsPerClaim} for update skip locked) p
   where d.id = p.id
  returning d.id, d.body`;

const settle = `
  with x as (select * from unnest($1::bigint[], $2::integer[], $3::real[], $4::text[]) as t(id, status, ms, request)),
  ended as (update bare.delivery d set status = 'SUCCEEDED' from x where d.id = x.id returning d.id),
  tried as (insert into bare.attempt select id, 1, status, ms, request::json from x)
  insert into bare.log (delivery_id, status) select id, 'SUCCEEDED' from ended`;

export class BareQueue {
  readonly #pool: pg.Pool;
  #filled = 0;

  private constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: workers });
  }

  static async create(url: string): Promise<BareQueue> {
    const queue = new BareQueue(url);
    await queue.#pool.query(schema);
    return queue;
  }

  async fill(rows: number): Promise<void> {
    await this.#pool.query(
      `insert into bare.delivery
       select n, repeat('x', 900), 'PENDING', now() from generate_series($1::integer + 1, $1::integer + $2::integer) n`,
      [this.#filled, rows],
    );
    this.#filled += rows;
    await this.#pool.query('analyze bare.delivery');
  }

  /** Sends everything. */
  async drain(sink: Pool): Promise<void> {
    const key = randomBytes(32);
    await Promise.all(
      Array.from({ length: workers }, async () => {
        for (;;) {
          const { rows } = await this.#pool.query<{ id: string; body: string }>({
            name: 'claim',
            text: claim,
          });
          if (rows.length === 0) return;
          const sent = await Promise.all(rows.map((row) => post(sink, key, row)));
          await this.settle(sent);
        }
      }),
    );
  }

  async settle(sent: readonly Sent[]): Promise<void> {
    await this.#pool.query({
      name: 'settle',
      text: settle,
      values: [
        sent.map(({ id }) => id),
        sent.map(({ status }) => status),
        sent.map(({ ms }) => ms),
        sent.map(({ headers }) => JSON.stringify(headers)),
      ],
    });
  }

  /** Throws if anything was not recorded. */
  async check(rows: number): Promise<void> {
    const { rows: counted } = await this.#pool.query<{ n: number }>(
      `select least((select count(*) from bare.delivery where status = 'SUCCEEDED'), (select count(*) from bare.attempt),
                    (select count(*) from bare.log))::integer as n`,
    );
    if (counted[0]?.n !== rows) throw new Error(`The bare queue recorded ${counted[0]?.n} of ${rows}.`);
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

export type Sent = Readonly<{
  id: string;
  /** In milliseconds since 1970. */
  startedAt: number;
  status: number;
  ms: number;
  headers: Readonly<Record<string, string>>;
  /** The headers of the answer. */
  answered: Readonly<Record<string, string | string[] | undefined>>;
}>;

export async function post(
  sink: Pool,
  key: Buffer,
  { id, body }: { id: string; body: string },
): Promise<Sent> {
  const began = performance.now();
  const startedAt = Date.now();
  const timestamp = Math.floor(startedAt / 1000);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  };
  const response = await sink.request({ method: 'POST', path: '/', headers, body });
  await response.body.dump();
  const ms = performance.now() - began;
  return { id, startedAt, status: response.statusCode, ms, headers, answered: response.headers };
}
