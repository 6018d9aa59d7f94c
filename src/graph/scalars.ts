import { GraphQLScalarType, Kind } from 'graphql';
import { badUserInput } from '../errors.ts';
import type { Builder } from './schema-types.ts';

/** RFC 3339, with `T` and an offset; seconds have no leap. Longer fractions than milliseconds are cut. */
const dateTimePattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

export function parseDateTime(value: unknown): Date {
  const match = typeof value === 'string' ? dateTimePattern.exec(value) : null;
  if (match === null) throw badUserInput('A DateTime is an RFC 3339 text such as 2026-03-01T09:30:00.000Z.');
  const [, year = '', month = '', day = '', hour, minute, second, fraction = '', offset = ''] = match;
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  const isDate =
    Number(year) >= 1 &&
    Number(month) >= 1 &&
    Number(month) <= 12 &&
    Number(day) >= 1 &&
    Number(day) <= lastDay;
  const ms = fraction.slice(0, 4) || '.0';
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${ms}${offset.toUpperCase()}`);
  if (!isDate || Number.isNaN(date.getTime()))
    throw badUserInput('This DateTime names no day of the calendar.');
  return date;
}

export function parseSafeInt(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw badUserInput('A SafeInt is a whole number within ±9007199254740991.');
  }
  return value;
}

/** Our own faults: they leave as INTERNAL, not as the caller's. */
const unserializable = (name: string) =>
  new Error(`A resolver gave ${name} a value that it cannot serialize.`);

const dateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'An instant as RFC 3339 text. Answers are in UTC with milliseconds: `2026-03-01T09:30:00.000Z`. Inputs may have any offset; digits beyond milliseconds are cut.',
  serialize(value) {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw unserializable('DateTime');
    return value.toISOString();
  },
  parseValue: parseDateTime,
  parseLiteral(node) {
    return parseDateTime(node.kind === Kind.STRING ? node.value : undefined);
  },
});

export function addScalars(builder: Builder): void {
  builder.addScalarType('DateTime', dateTime);
  builder.scalarType('JSON', {
    description: 'Any JSON value: object, array, string, number, boolean or null.',
    serialize: (value) => value,
    parseValue: (value) => value,
  });
  builder.scalarType('URL', {
    description:
      'An absolute http or https URL, exactly as it was stored. In answers alone: inputs take a String.',
    serialize(value) {
      if (typeof value !== 'string') throw unserializable('URL');
      return value;
    },
    parseValue() {
      throw badUserInput('URL stands in answers alone.');
    },
  });
  builder.scalarType('SafeInt', {
    description: 'A whole number within ±(2^53 - 1), sent as a JSON number.',
    serialize(value) {
      if (!Number.isSafeInteger(value)) throw unserializable('SafeInt');
      return value as number;
    },
    parseValue: parseSafeInt,
    parseLiteral(node) {
      return parseSafeInt(node.kind === Kind.INT ? Number(node.value) : undefined);
    },
  });
}
