// Loaded before the program, it sets the clock an hour ahead. The monotonic clock is right, as on a host with a wrong time.
const shiftMs = 3_600_000;
const RealDate = Date;
globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + shiftMs);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + shiftMs;
  }
};
