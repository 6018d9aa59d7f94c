import type { Kysely } from 'kysely';
import { FilterChecks } from '../filters/filter.ts';
import { Pauses } from '../filters/pauses.ts';
import { highestUuid } from '../ids.ts';
import type { StoredCondition, Tables } from '../tables.ts';
import { canEqualStored } from '../text.ts';
import { type Event, eventColumns } from './find-event.ts';

/** A preview looks at this many events, the newest. */
export const mostPreviewed = 100;
/** Bodies in memory at a time, of up to 256 KiB each. */
const bodiesAtOnce = 10;

export type PreviewedEvent = Readonly<{ event: Event; failedCondition: number | undefined }>;

/** Which of an owner's newest events of a type would pass a filter, newest first. */
export async function previewFilter(
  db: Kysely<Tables>,
  ownerId: string,
  { filter, eventType }: { filter: readonly StoredCondition[]; eventType: string },
): Promise<readonly PreviewedEvent[]> {
  if (!canEqualStored(eventType)) return [];
  const previewed: PreviewedEvent[] = [];
  let before = highestUuid;
  const pauses = new Pauses();
  while (previewed.length < mostPreviewed) {
    const rows = await db
      .selectFrom('event')
      .select([...eventColumns, 'body'])
      .where('owner_id', '=', ownerId)
      .where('type', '=', eventType)
      .where('id', '<', before)
      .orderBy('id', 'desc')
      .limit(bodiesAtOnce)
      .execute();
    for (const { body, ...event } of rows) {
      const failedCondition = new FilterChecks(body, [filter]).failedConditionOf(filter);
      previewed.push({ event, failedCondition });
      await pauses.due();
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < bodiesAtOnce) break;
    before = last.id;
  }
  return previewed;
}
