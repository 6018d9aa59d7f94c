import type pg from 'pg';
import { hashOfUuid } from '../ids.ts';
import type { PlacedStatement, Statement } from './placement.ts';

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
  /** Owners of one group are written together. */
  writeGroups: number;
  writeGroupOf(ownerId: string): number;
  /** Whether one statement may write the rows of several groups, and how many that settle deliveries run at a time. */
  settling: Readonly<{ mixesGroups: boolean; statements: number }>;
  /** Runs a statement where its rows are. */
  run: Run;
  /** The statement whose text this is, if `run` is to run it although it stands among the typed queries. */
  placedAs(text: string): PlacedStatement | undefined;
  /** Any other of the typed queries, as it must be sent. */
  rewritten(text: string): string;
  /** Whether the plans of the typed queries are worth keeping. */
  keepsPlans: boolean;
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

type Run = <Row extends pg.QueryResultRow>(
  connection: pg.Pool | pg.ClientBase,
  query: Statement,
  values: readonly unknown[],
  isPrepared: boolean,
) => Promise<Row[]>;

const writeGroups = 16;

export const plainLayout: Layout = {
  places: 1,
  placeOf: () => 0,
  writeGroups,
  writeGroupOf: (ownerId) => hashOfUuid(ownerId, writeGroups),
  // A row in a batch of 20 costs twice as much as in a batch of 100, so busy groups collect.
  settling: { mixesGroups: true, statements: 1 },
  run: async (connection, { name, text }, values, isPrepared) =>
    (await connection.query({ text, values: [...values], ...(isPrepared ? { name } : {}) })).rows,
  placedAs: () => undefined,
  rewritten: (text) => text,
  keepsPlans: true,
  remembersAudiences: true,
  deletesInSteps: true,
  settings: '',
};
