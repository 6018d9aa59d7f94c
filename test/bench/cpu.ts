import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// CPU time as Linux counts it, in ticks of 10 ms. It varies less than elapsed time.
const microsPerTick = 10_000;

/**
 * User and system time of one process so far, in microseconds. With `children` it includes the children that have
 * been waited for.
 */
export function cpuMicrosOf(pid: number, children = false): number {
  const [, , utime = 0, stime = 0, cutime = 0, cstime = 0] = statOf(pid);
  return (utime + stime + (children ? cutime + cstime : 0)) * microsPerTick;
}

/** CPU time of all processes of the embedded PostgreSQL in this folder, in microseconds. */
export function postgresCpuMicros(dataDir: string): number {
  const postmaster = postmasterOf(dataDir);
  let micros = cpuMicrosOf(postmaster, true);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (statOf(Number(name))[1] === postmaster) micros += cpuMicrosOf(Number(name));
    } catch {
      // The process has ended meanwhile.
    }
  }
  return micros;
}

function postmasterOf(dataDir: string): number {
  for (const folder of ['', 'postgres']) {
    try {
      return Number(readFileSync(join(dataDir, folder, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    } catch {
      // There is no such file.
    }
  }
  throw new Error(`No server runs in ${dataDir}.`);
}

/** The process's number, its parent's, then the user and system ticks of the process and of its children. */
function statOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name is in brackets and may contain spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return [pid, Number(fields[1]), ...fields.slice(11, 15).map(Number)];
}
