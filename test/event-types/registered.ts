import type { Database } from '../../src/db/pool.ts';
import {
  checkRegistration,
  type RegisterEventTypeInput,
  registerEventType,
} from '../../src/event-types/catalogue.ts';
import { EventTypeCatalogue } from '../../src/event-types/payload-validator.ts';
import { serviceActor } from '../access/actors.ts';
import { limitsWith } from '../support/limits.ts';

/** Registers a type like the mutation does. Omitted fields get valid values. */
export async function register(
  database: Database,
  given: Partial<RegisterEventTypeInput> & { name: string },
) {
  const input = { description: 'Something happened.', dataType: 'Thing', example: { id: 1 }, ...given };
  const catalogue = new EventTypeCatalogue(database);
  try {
    await checkRegistration(input, { catalogue, ownerId: 'owner' });
  } finally {
    await catalogue.close();
  }
  return await database.query.transaction().execute((trx) =>
    registerEventType(trx, input, {
      by: { actor: serviceActor(), requestId: 'request-1' },
      limits: limitsWith(),
    }),
  );
}
