import { constants, mkdtempSync, openSync, readSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A clock that can be moved: `Date` of this process, ahead by what a file says. Servers are started with `--import` of
// this module. The file is read whenever the time is asked for, so that a move is seen at once, as on a machine whose
// clock is set. A process that was told by a signal would first use the old time for everything that lies before the
// signal. Timers and performance.now() are not moved.
process.env.CLOCK_FILE ??= join(mkdtempSync(join(tmpdir(), 'heliograph-clock-')), 'ahead');
const file = openSync(process.env.CLOCK_FILE, constants.O_RDWR | constants.O_CREAT);
const RealDate = Date;
/** Zero until the file has been written. */
const aheadMs = new Float64Array(1);

/** Moves the clock of all processes that read the file. */
export function moveClock(byMs) {
  writeSync(file, new Float64Array([byMs]), 0, 8, 0);
}

export const realNow = () => RealDate.now();

function movedNow() {
  readSync(file, aheadMs, 0, 8, 0);
  return RealDate.now() + aheadMs[0];
}

globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(movedNow());
    else super(...given);
  }
  static now() {
    return movedNow();
  }
  static [Symbol.hasInstance](value) {
    return value instanceof RealDate;
  }
};
