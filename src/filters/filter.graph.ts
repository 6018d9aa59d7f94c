import { builder } from '../graph/builder.ts';
import { type PayloadOperator as Operator, payloadOperators, type StoredCondition } from '../tables.ts';
import { maxConditions, maxListed, maxPathChars, maxPathTokens, maxTextChars } from './check-filter.ts';

const operators: Record<Operator, { description: string }> = {
  EQ: { description: 'Something stands there and equals the value.' },
  NE: { description: 'Nothing stands there, or something else than the value.' },
  IN: { description: `What stands there equals one of a list of 1 to ${maxListed} values.` },
  GT: { description: 'It is greater: a number by value, a text by its code points.' },
  GTE: { description: 'It is greater or equal.' },
  LT: { description: 'It is less.' },
  LTE: { description: 'It is less or equal.' },
  EXISTS: { description: 'Something stands there, and be it null. Takes no value.' },
  STARTS_WITH: { description: 'It is a text that begins with the value.' },
  CONTAINS: { description: 'It is a text with the value in it, or an array with an element that equals it.' },
};

const PayloadOperator = builder.enumType('PayloadOperator', {
  description:
    'How what stands at a path is compared. A text equals no number and is never compared with one. Numbers are compared by their exact values, however many digits the payload writes: 1.0 equals 1, and 12345678901234567890 is less than 12345678901234567891.',
  values: Object.fromEntries(payloadOperators.map((name) => [name, operators[name]])) as typeof operators,
});

const pathRule = `A JSON Pointer (RFC 6901) into the body that is sent: \`/data/amount\`, \`/data/items/0/name\`, \`/type\`. At most ${maxPathChars.toLocaleString('en')} characters and ${maxPathTokens} names or indexes. Of two members of one name the last counts.`;
const valueRule = `Text of at most ${maxTextChars.toLocaleString('en')} characters, number, boolean or null; a list of them for IN; left out for EXISTS. GT, GTE, LT and LTE take a number or a text, STARTS_WITH a text.`;

/** Used in descriptions. */
export const filterRule = `Which events it takes: those whose body meets all conditions, at most ${maxConditions}. It is looked at when an event is published: one that does not pass makes no delivery to the endpoint, and the event’s \`deliveryCount\` says so. Replays and tests are not filtered.`;

export const PayloadCondition = builder.objectRef<StoredCondition>('PayloadCondition').implement({
  description: 'A condition that an event’s body has to meet.',
  fields: (t) => ({
    path: t.exposeString('path', { description: pathRule }),
    op: t.expose('op', { type: PayloadOperator, description: 'How what stands there is compared.' }),
    value: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What it is compared with, as it was given; null for EXISTS.',
      resolve: ({ value }) => value ?? null,
    }),
  }),
});

export const PayloadConditionInput = builder.inputType('PayloadConditionInput', {
  description: 'A condition that an event’s body has to meet.',
  fields: (t) => ({
    path: t.string({ required: true, description: pathRule }),
    op: t.field({ type: PayloadOperator, required: true, description: 'How what stands there is compared.' }),
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
