export function moveClock(byMs: number): void;
export function realNow(): number;
