import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A clock that can be moved: `Date` of this process, ahead by what a file says. Servers are started with
// `--import` of this module and read the file anew on SIGUSR2. Timers and performance.now() are not moved, as on a
// machine whose clock is set.
process.env.CLOCK_FILE ??= join(mkdtempSync(join(tmpdir(), 'heliograph-clock-')), 'ahead');
const file = process.env.CLOCK_FILE;
const RealDate = Date;
let aheadMs = 0;

function read() {
  try {
    aheadMs = Number(readFileSync(file, 'utf8'));
  } catch {
    aheadMs = 0;
  }
}

/** Moves the clock of this process and of those that read the file from now on. */
export function moveClock(byMs) {
  writeFileSync(file, String(byMs));
  read();
}

export const realNow = () => RealDate.now();

read();
process.on('SIGUSR2', read);
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + aheadMs);
    else super(...given);
  }
  static now() {
    return RealDate.now() + aheadMs;
  }
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate;
  }
};
