import { builder } from '../graph/builder.ts';
import { type PayloadOperator as Operator, payloadOperators, type StoredCondition } from '../tables.ts';
import {
  maxConditions,
  maxFilterBytes,
  maxListed,
  maxPathChars,
  maxPathTokens,
  maxTextChars,
} from './check-filter.ts';

const operators: Record<Operator, { description: string }> = {
  EQ: { description: 'There is a value at the path, and it equals the given one.' },
  NE: { description: 'There is no value at the path, or it differs from the given one.' },
  IN: { description: `The value at the path equals one of a list of 1 to ${maxListed} values.` },
  GT: {
    description:
      'The value at the path is greater. Numbers are compared by value, texts by their code points.',
  },
  GTE: { description: 'The value at the path is greater or equal.' },
  LT: { description: 'The value at the path is less.' },
  LTE: { description: 'The value at the path is less or equal.' },
  EXISTS: { description: 'There is a value at the path, even if it is null. No value is given.' },
  STARTS_WITH: { description: 'The value at the path is a text that begins with the given one.' },
  CONTAINS: {
    description:
      'The value at the path is a text that contains the given one, or an array with an element that equals it.',
  },
};

const PayloadOperator = builder.enumType('PayloadOperator', {
  description:
    'How the value at a path is compared with the given one. A text never equals a number, and is not less or greater than one. Numbers are compared by their exact values, however many digits they have: 1.0 equals 1, and 12345678901234567890 is less than 12345678901234567891.',
  values: Object.fromEntries(payloadOperators.map((name) => [name, operators[name]])) as typeof operators,
});

const pathRule = `A JSON Pointer (RFC 6901) into the body that is sent: \`/data/amount\`, \`/data/items/0/name\`, \`/type\`. At most ${maxPathChars.toLocaleString('en')} characters and ${maxPathTokens} names or indexes. If an object has two members of the same name, the last one counts.`;
const valueRule = `A text of at most ${maxTextChars.toLocaleString('en')} characters, number, boolean or null; a list of them for IN; left out for EXISTS. GT, GTE, LT and LTE take a number or a text, STARTS_WITH a text.`;

/** Used in descriptions. */
export const filterRule = `The conditions that the body of an event must meet, at most ${maxConditions}, and together at most ${maxFilterBytes.toLocaleString('en')} bytes as JSON; all of them must hold. They are checked when the event is published. For an event that does not match, no delivery to the endpoint is created, and the event’s \`deliveryCount\` does not count it. Replays and tests are not filtered.`;

export const PayloadCondition = builder.objectRef<StoredCondition>('PayloadCondition').implement({
  description: 'A condition that an event’s body has to meet.',
  fields: (t) => ({
    path: t.exposeString('path', { description: pathRule }),
    op: t.expose('op', { type: PayloadOperator, description: 'How the value at the path is compared.' }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The value to compare with, as it was given; null for EXISTS.',
      resolve: ({ value }) => value ?? null,
    }),
  }),
});

export const PayloadConditionInput = builder.inputType('PayloadConditionInput', {
  description: 'A condition that an event’s body has to meet.',
  fields: (t) => ({
    path: t.string({ required: true, description: pathRule }),
    op: t.field({
      type: PayloadOperator,
      required: true,
      description: 'How the value at the path is compared.',
    }),
    value: t.field({ type: 'JSON', description: valueRule }),
  }),
});

type Given = Readonly<{ path: string; op: Operator; value?: unknown }>;

/** The conditions of a filter, in the form that the rules use. */
export const conditionsOf = (
  filter: readonly Given[] | null | undefined,
): readonly StoredCondition[] | null | undefined =>
  filter == null
    ? filter
    : filter.map(({ path, op, value }) => (value === undefined ? { path, op } : { path, op, value }));
