import { UsageError } from '../node.ts';
import { documents } from './documents.ts';
import { filterOf } from './endpoint-options.ts';
import { type Session, table } from './session.ts';

type Preview = {
  examined: number;
  matched: number;
  events: { event: { id: string; occurredAt: string }; matches: boolean; failedCondition: number | null }[];
};

/** `heliograph preview-filter`: which of the newest events of a type a filter lets through. */
export async function previewFilter(
  session: Session,
  type: string,
  options: Readonly<{ filter: readonly string[] }>,
): Promise<void> {
  const filter = await filterOf(options.filter);
  if (filter === undefined || filter.length === 0) throw new UsageError('Give at least one condition.');
  const { previewFilter: preview } = await session.heliograph.query<{ previewFilter: Preview }>(
    documents.previewFilter,
    { filter, type },
  );
  const rows = preview.events.map(({ event, matches, failedCondition }) => [
    event.id,
    event.occurredAt,
    matches ? 'passes' : `condition ${(failedCondition ?? 0) + 1} does not hold`,
  ]);
  session.print(
    preview,
    `${table(['EVENT', 'OCCURRED', 'FILTER'], rows)}\n\n${preview.matched} of ${preview.examined} pass.`,
  );
}
