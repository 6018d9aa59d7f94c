// Loaded before the program: its clock is an hour ahead. The monotonic one is right, as on a host set wrong.
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
