import type { Database } from '../../src/db/pool.ts';
import { type RegisterEventTypeInput, registerEventType } from '../../src/event-types/catalogue.ts';
import { serviceActor } from '../access/actors.ts';

/** Registers a type; what is not said is all right. */
export function register(database: Database, input: Partial<RegisterEventTypeInput> & { name: string }) {
  return database.query
    .transaction()
    .execute((trx) =>
      registerEventType(
        trx,
        { description: 'Something happened.', dataType: 'Thing', example: { id: 1 }, ...input },
        { actor: serviceActor(), requestId: 'request-1' },
      ),
    );
}
