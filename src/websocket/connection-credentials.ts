import { unauthenticated } from '../access/unauthenticated.ts';
import { badUserInput } from '../errors.ts';

type Credentials = { authorization?: string | undefined; tenantHeader?: string | undefined };

/**
 * The credentials that a client of a WebSocket sends in the payload of its `connection_init` or of a `ping`. Browsers
 * cannot set headers there, so clients use an object, in different forms: `{"authorization": …}` in any case, or
 * `{"headers": {"Authorization": …}}`. Throws BAD_USER_INPUT if two of them differ, because we must not choose one.
 */
export function credentialsOf(parameters: Readonly<Record<string, unknown>>): Credentials {
  const places = placesOf(parameters);
  return {
    authorization: textOf(places, 'authorization'),
    tenantHeader: textOf(places, 'heliograph-tenant'),
  };
}

/** Whether there is a credential to check, valid or not. */
export const namesCredential = (parameters: Readonly<Record<string, unknown>>): boolean =>
  placesOf(parameters).some((place) => entriesOf(place, 'authorization').some((value) => value != null));

const placesOf = (parameters: Readonly<Record<string, unknown>>) => [
  parameters,
  ...entriesOf(parameters, 'headers').filter(isObject),
];

function textOf(places: readonly Readonly<Record<string, unknown>>[], name: string): string | undefined {
  const found = places
    .flatMap((place) => entriesOf(place, name))
    .filter((value) => value != null && value !== '');
  const texts = new Set(found);
  if (texts.size > 1)
    throw badUserInput(`The connection parameter \`${name}\` is given twice with different values.`);
  const [text] = texts;
  if (text === undefined || typeof text === 'string') return text;
  const message = `The connection parameter \`${name}\` must be a string.`;
  throw name === 'authorization' ? unauthenticated('invalid', message) : badUserInput(message);
}

/** The value of a name, whatever its case. */
const entriesOf = (place: Readonly<Record<string, unknown>>, name: string): unknown[] =>
  Object.entries(place).flatMap(([key, value]) => (key.toLowerCase() === name ? [value] : []));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
