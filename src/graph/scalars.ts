import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { badUserInput } from '../errors.ts';
import { isLost, LostNumber } from '../exact-json.ts';
import { isoTextOf } from '../times/iso-text.ts';
import type { Builder } from './schema-types.ts';

/** RFC 3339 with `T` and an offset, and without leap seconds. Digits beyond milliseconds are ignored. */
const dateTimePattern =
  /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(\.\d{1,9})?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

const earliestMs = Date.parse('0001-01-01T00:00:00.000Z');
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');

export function parseDateTime(value: unknown): Date {
  const match = typeof value === 'string' ? dateTimePattern.exec(value) : null;
  if (match === null)
    throw badUserInput('A DateTime must be RFC 3339 text such as 2026-03-01T09:30:00.000Z.');
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
    throw badUserInput('This DateTime is not a day of the calendar.');
  // With its offset the time may be in the year 0 or 10000, which RFC 3339 cannot express.
  if (date.getTime() < earliestMs || date.getTime() > latestMs) {
    throw badUserInput('A DateTime must be in the years 1 to 9999 of UTC.');
  }
  return date;
}

export function parseSafeInt(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw badUserInput('A SafeInt must be a whole number within ±9007199254740991.');
  }
  return value;
}

/** A JSON value that is written in the document. Names of enum values are not JSON. */
function parseJsonLiteral(node: ValueNode, variables?: Readonly<Record<string, unknown>> | null): unknown {
  switch (node.kind) {
    case Kind.NULL:
      return null;
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.INT:
    case Kind.FLOAT:
      return isLost(node.value) ? new LostNumber(node.value) : Number(node.value);
    case Kind.LIST:
      return node.values.map((item) => parseJsonLiteral(item, variables));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, parseJsonLiteral(value, variables)]),
      );
    case Kind.VARIABLE:
      return variables?.[node.name.value];
    case Kind.ENUM:
      throw badUserInput(`\`${node.value}\` is not a JSON value. Put text into double quotes.`);
  }
}

/** An error of ours, which callers see as INTERNAL. */
const unserializable = (name: string) =>
  new Error(`A resolver returned a value that ${name} cannot serialize.`);

const dateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description:
    'An instant as RFC 3339 text. Answers are in UTC with milliseconds: `2026-03-01T09:30:00.000Z`. Inputs may have any offset; digits beyond milliseconds are ignored.',
  serialize(value) {
    if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw unserializable('DateTime');
    return isoTextOf(value);
  },
  parseValue: parseDateTime,
  parseLiteral(node) {
    return parseDateTime(node.kind === Kind.STRING ? node.value : undefined);
  },
});

export function addScalars(builder: Builder): void {
  builder.addScalarType('DateTime', dateTime);
  builder.scalarType('JSON', {
    description:
      'Any JSON value: object, array, string, number, boolean or null. A number that would lose digits is refused: an integer beyond ±(2^53 - 1), and a number too large or too small for a 64-bit float.',
    serialize: (value) => value,
    parseValue: (value) => value,
    parseLiteral: parseJsonLiteral,
  });
  builder.scalarType('URL', {
    description:
      'An absolute http or https URL, exactly as it was stored. It is used only in answers; inputs are of type String.',
    serialize(value) {
      if (typeof value !== 'string') throw unserializable('URL');
      return value;
    },
    parseValue() {
      throw badUserInput('URL is used only in answers.');
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
