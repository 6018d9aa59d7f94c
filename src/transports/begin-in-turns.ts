/** How many operations of one holder begin in one turn of the event loop, at about a millisecond each. */
const perTurn = 8;

/**
 * Lets the operations of each holder begin a few at a time, in their order. Between two portions the event loop goes
 * round, so the requests of everybody else are read, executed and answered meanwhile. Otherwise a client that sends a
 * thousand operations at once would keep all the others waiting until every one of them has begun.
 *
 * The returned function answers undefined if the operation may begin at once, which is the usual case.
 */
export function createTurns(): (holder: string) => Promise<void> | undefined {
  /** The operations of each holder in this turn: how many have begun, and which wait for a later one. */
  let holders = new Map<string, { begun: number; waiting: (() => void)[] }>();

  function nextTurn(): void {
    const earlier = holders;
    holders = new Map();
    for (const [holder, { waiting }] of earlier) {
      if (waiting.length === 0) continue;
      const begins = waiting.slice(0, perTurn);
      holders.set(holder, { begun: begins.length, waiting: waiting.slice(perTurn) });
      for (const begin of begins) begin();
    }
    if (holders.size > 0) setImmediate(nextTurn);
  }

  return (holder) => {
    if (holders.size === 0) setImmediate(nextTurn);
    const mine = holders.get(holder);
    if (mine === undefined) {
      holders.set(holder, { begun: 1, waiting: [] });
      return undefined;
    }
    if (mine.begun < perTurn) {
      mine.begun += 1;
      return undefined;
    }
    return new Promise((resolve) => mine.waiting.push(resolve));
  };
}
