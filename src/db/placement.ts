/**
 * An SQL text with a name, so that PostgreSQL parses and plans it only once per connection. The name is also its first
 * line, by which it is found in `pg_stat_activity` and in the server's log, also where it is not prepared.
 */
export type Statement = Readonly<{
  name: string;
  text: string;
  /** Where it runs if the tables are distributed. Without one, Citus plans it. */
  placement?: Placement;
  /** One plan fits all calls, though the planner estimates one for each call as cheaper, and would make it each time. */
  isPlannedOnce?: true;
}>;

export type PlacedStatement = Statement & Readonly<{ placement: Placement }>;

/** Which owners' rows a statement touches, and what it returns. */
export type Placement = Readonly<{
  /** The columns, as in a column definition list, without a precision; empty if it returns no rows. */
  returns: string;
  /** What runs there, where it differs: a function that reads tables would look for them outside of the shard. */
  text?: string;
  /** Each session of a node keeps it prepared, for each of the node's shards: only what runs most is worth the memory. */
  isPrepared?: true;
}> &
  Readonly<
    | {
        /** The number of the parameter that is the owner's id. */
        owner: number;
      }
    | {
        /**
         * The numbers of parameters that are arrays of equal length. The first of each list has the owners' ids. Where
         * the owners are in several places, the arrays are divided, and each place has a transaction of its own.
         */
        owners: readonly (readonly number[])[];
      }
    | {
        /** The number of the parameter that is an array of owners' ids, written as text. All of them are in one place. */
        together: number;
      }
    | {
        /** It concerns every owner, and runs in every place. */
        everywhere: true;
      }
    | {
        /** A query for the ids of the owners whom it concerns (`owner_id`), with the statement's parameters. */
        ofOwners: string;
        /** It runs in one place after the other until one returns something. */
        isForOne?: true;
      }
  >;

/** Within a transaction of the typed queries a statement is known by its text alone (`pool.ts`). */
export const placedByText = new Map<string, PlacedStatement>();
/** Those whose text is made when they run. Their texts differ by the filters that callers give. */
const composed = new Map<string, PlacedStatement>();
const mostComposed = 500;

export function compose(placed: PlacedStatement): void {
  composed.delete(placed.text);
  composed.set(placed.text, placed);
  const [oldest = ''] = composed.keys();
  if (composed.size > mostComposed) composed.delete(oldest);
}

export const placedStatementOf = (text: string): PlacedStatement | undefined =>
  placedByText.get(text) ?? composed.get(text);
