import { Pool } from 'undici';
import { cpuMicrosOf, postgresCpuMicros } from './cpu.ts';
import { type Figures, shown } from './rounds.ts';

/** A server and the database behind it, whose CPU time is measured. */
export type Measured = Readonly<{ origin: string; pid: number; dataDir: string }>;

/**
 * `callers` clients send one POST after the other for `ms`. CPU time of Node and of PostgreSQL is counted for each
 * unit; a request has one unless `unit` says otherwise. `check` throws if an answer is wrong.
 */
export async function loadHttp(
  { origin, pid, dataDir }: Measured,
  options: {
    ms: number;
    callers: number;
    token?: string;
    unit?: number;
    path?: string;
    bodyOf: () => string;
    check: (text: string) => void;
  },
): Promise<Figures> {
  const pool = new Pool(origin, { connections: options.callers, pipelining: 1 });
  const times: number[] = [];
  const headers = {
    'content-type': 'application/json',
    ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
  };
  const began = performance.now();
  const before = { node: cpuMicrosOf(pid), postgres: postgresCpuMicros(dataDir) };
  await Promise.all(
    Array.from({ length: options.callers }, async () => {
      while (performance.now() - began < options.ms) {
        const at = performance.now();
        const { body } = await pool.request({
          method: 'POST',
          path: options.path ?? '/graphql',
          headers,
          body: options.bodyOf(),
        });
        options.check(await body.text());
        times.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  const units = times.length * (options.unit ?? 1);
  const node = (cpuMicrosOf(pid) - before.node) / units;
  const postgres = (postgresCpuMicros(dataDir) - before.postgres) / units;
  await pool.close();
  return {
    perSecond: units / seconds,
    node,
    postgres,
    cpu: node + postgres,
    p50: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0,
  };
}

/** One line with the cost of a unit. */
export function costOf(name: string, figures: readonly Figures[]): string {
  const of = (what: string, digits = 0) =>
    shown(
      figures.map((one) => one[what] ?? 0),
      digits,
    );
  return `${name.padEnd(22)} ${of('perSecond')} /s   Node ${of('node')} µs   PostgreSQL ${of('postgres')} µs   p50 ${of('p50', 1)} ms`;
}
