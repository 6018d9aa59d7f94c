import type pg from 'pg';
import type { PlacedStatement } from './placement.ts';

/**
 * How the tables lie in the database. It is found out once, at start (`find-layout.ts`), and everything that differs
 * between plain PostgreSQL and Citus stands behind it:
 *
 * - On plain PostgreSQL there is one place, and every statement runs as it is.
 * - On Citus each shard is a place. A statement that says how its rows are placed (`Placement`) runs on the node that
 *   has them, word for word as on plain PostgreSQL (`citus.ts`). All other statements go through Citus's planner.
 */
export type Layout = Readonly<{
  /** The number of places. Each owner's rows are in one. */
  places: number;
  placeOf(ownerId: string): number;
  /** Runs a statement that has a placement, where its rows are; undefined where every statement runs as it is. */
  runPlaced: RunPlaced | undefined;
  /** A statement without a placement, as it must be sent. */
  rewritten(text: string): string;
  /**
   * Whether the database notes when a tenant's receivers change (by triggers), so that they may be remembered.
   * Otherwise they are read for every batch of events.
   */
  remembersAudiences: boolean;
  /** Whether old rows are deleted some thousand at a time, by their place in the table. */
  deletesInSteps: boolean;
  /** What our connections set besides the usual. */
  settings: string;
}>;

type RunPlaced = <Row extends pg.QueryResultRow>(
  connection: pg.Pool | pg.ClientBase,
  query: PlacedStatement,
  values: readonly unknown[],
) => Promise<Row[]>;

export const plainLayout: Layout = {
  places: 1,
  placeOf: () => 0,
  runPlaced: undefined,
  rewritten: (text) => text,
  remembersAudiences: true,
  deletesInSteps: true,
  settings: '',
};
