import { statuses } from '../parts/status.tsx';
import type { DeliveryFilter, DeliveryKind } from './generated/graphql.ts';

const knownKinds: readonly DeliveryKind[] = ['EVENT', 'REPLAY', 'TEST'];

/**
 * The filter that an address names: `?status=FAILED,DEAD_LETTER&endpoint=&type=&from=&to=&tenant=&event=&id=&kind=&answer=503,504&error=`. What is
 * not understood is shown as an error, because leaving it out would show more deliveries than were asked for.
 */
export function filterOf(search: URLSearchParams): { filter: DeliveryFilter; problem: string | undefined } {
  const filter: DeliveryFilter = {};
  const problems: string[] = [];
  const list = (name: string) =>
    search
      .getAll(name)
      .flatMap((value) => value.split(','))
      .map((value) => value.trim())
      .filter((value) => value !== '');
  const instant = (name: string) => {
    const text = search.get(name)?.trim() ?? '';
    if (text === '') return undefined;
    const time = Date.parse(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(text) ? `${text}Z` : text);
    if (Number.isNaN(time)) {
      problems.push(`“${text}” is no time. Write it in UTC as 2026-03-01T09:30.`);
      return undefined;
    }
    return new Date(time).toISOString();
  };

  const named = list('status').map((name) => name.toUpperCase());
  const known = statuses.filter((status) => named.includes(status));
  const unknown = named.filter((name) => !statuses.some((status) => status === name));
  if (unknown.length > 0) {
    problems.push(`${unknown.join(', ')}: there is no such status. There are ${statuses.join(', ')}.`);
  }
  if (known.length > 0) filter.status = known;
  const kinds = list('kind').map((name) => name.toUpperCase());
  const kind = knownKinds.filter((one) => kinds.includes(one));
  if (kind.length < kinds.length) problems.push(`There are the kinds ${knownKinds.join(', ')}.`);
  if (kind.length > 0) filter.kind = kind;
  const [endpoint, type, tenant, event, id] = ['endpoint', 'type', 'tenant', 'event', 'id'].map(list);
  if (endpoint?.length) filter.endpointId = endpoint;
  if (type?.length) filter.eventType = type;
  if (tenant?.length) filter.tenant = tenant;
  if (event?.length) filter.eventId = event;
  if (id?.length) filter.id = id;
  const answers = list('answer');
  if (answers.every((text) => /^[1-5]\d\d$/.test(text))) {
    if (answers.length > 0) filter.responseStatus = answers.map(Number);
  } else problems.push('An answer is an HTTP status, such as 503.');
  const error = search.get('error')?.trim() ?? '';
  if (error.length > 0 && (error.length < 3 || error.length > 200)) {
    problems.push('The text of an error has 3 to 200 characters.');
  } else if (error !== '') filter.errorContains = error;
  const [from, to] = [instant('from'), instant('to')];
  if (from !== undefined) filter.createdAfter = from;
  if (to !== undefined) filter.createdBefore = to;
  if (from !== undefined && to !== undefined && from >= to)
    problems.push('The end must be later than the beginning.');
  return { filter, problem: problems.length === 0 ? undefined : problems.join(' ') };
}
