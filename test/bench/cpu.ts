import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// CPU as Linux counts it, in ticks of 10 ms: how much of it something costs swings less than how long it takes.
const microsPerTick = 10_000;

/** User and system time of one process so far, in microseconds; with `children`, of those that it has waited for too. */
export function cpuMicrosOf(pid: number, children = false): number {
  const [, , utime = 0, stime = 0, cutime = 0, cstime = 0] = statOf(pid);
  return (utime + stime + (children ? cutime + cstime : 0)) * microsPerTick;
}

/** The embedded PostgreSQL in this folder, all of its processes together, in microseconds. */
export function postgresCpuMicros(dataDir: string): number {
  const postmaster = postmasterOf(dataDir);
  let micros = cpuMicrosOf(postmaster, true);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (statOf(Number(name))[1] === postmaster) micros += cpuMicrosOf(Number(name));
    } catch {
      // It has ended meanwhile.
    }
  }
  return micros;
}

function postmasterOf(dataDir: string): number {
  for (const folder of ['', 'postgres']) {
    try {
      return Number(readFileSync(join(dataDir, folder, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    } catch {
      // Not there.
    }
  }
  throw new Error(`No server runs in ${dataDir}.`);
}

/** The process's number, its parent's, then user, system, children's user and children's system ticks. */
function statOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return [pid, Number(fields[1]), ...fields.slice(11, 15).map(Number)];
}
