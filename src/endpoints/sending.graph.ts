import type { InputFieldBuilder } from '@pothos/core';
import { builder } from '../graph/builder.ts';
import type { Types } from '../graph/schema-types.ts';
import {
  type HeaderValue,
  maxHeaderBytes,
  maxHeaders,
  reservedHeaders,
} from '../sending/endpoint-headers.ts';
import {
  longestTimeoutMs,
  maxScheduleEntries,
  maxStopStatuses,
  shortestTimeoutMs,
  usualHeaderPrefix,
} from '../sending/sending.ts';
import type { StoredHeader } from '../tables.ts';
import { Endpoint } from './endpoint.graph.ts';

const nameRule = `Letters, digits and !#$%&'*+-.^_\`|~; at most 256 characters. Reserved are ${reservedHeaders}.`;
const valueRule = 'Printable ASCII with spaces and tabs between; no line break.';
const secretRule = 'True: the value is sealed, never shown again, and redacted in attempts.';
const headersRule = `At most ${maxHeaders} headers and ${maxHeaderBytes.toLocaleString('en')} bytes of names and values, no name twice. In force from the next attempt on, for the handshake and for replays too.`;
const scheduleRule = `1 to ${maxScheduleEntries} whole numbers of seconds, the delay before each attempt, so their number is the number of attempts of deliveries that are created from now on. Together at most half of the retention, a spread of a fifth included. Each is spread by up to a fifth either way. Null is the server’s schedule.`;
const timeoutRule = `For a whole attempt: ${shortestTimeoutMs.toLocaleString('en')} to ${longestTimeoutMs.toLocaleString('en')} milliseconds. Null is the server’s.`;
const stopRule = `Response statuses, 400 to 599, that end a delivery at once as FAILED (REJECTED) instead of being tried again; at most ${maxStopStatuses}, none twice. 410 disables the endpoint in any case.`;

const prefixRule =
  'What the names of the id, timestamp and signature headers begin with, in attempts and in the handshake: `webhook-` or `svix-`. The signature is the same. Null is `webhook-`.';

const EndpointHeader = builder.objectRef<StoredHeader>('EndpointHeader').implement({
  description: 'A header that is sent with each attempt.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name, as it was given.' }),
    value: t.string({
      nullable: true,
      description: 'Its value; null where it is secret.',
      resolve: (header) => ('sealed' in header ? null : header.value),
    }),
    isSecret: t.boolean({
      description: 'Whether the value is sealed: never shown, redacted in attempts.',
      resolve: (header) => 'sealed' in header,
    }),
  }),
});

builder.objectFields(Endpoint, (t) => ({
  headers: t.field({
    type: [EndpointHeader],
    description: `Headers of its owner’s that are sent with each attempt, at most ${maxHeaders}.`,
    complexity: { field: 1, multiplier: 1 },
    resolve: ({ sending }) => sending?.headers ?? [],
  }),
  retrySchedule: t.intList({
    nullable: true,
    description: 'Seconds before each attempt, each spread by up to a fifth; null: the server’s schedule.',
    resolve: ({ sending }) => sending?.retrySchedule ?? null,
  }),
  timeoutMs: t.int({
    nullable: true,
    description: 'Milliseconds that an attempt may last; null: as long as the server’s setting says.',
    resolve: ({ sending }) => sending?.timeoutMs ?? null,
  }),
  headerPrefix: t.string({
    description:
      'What the names of the id, timestamp and signature headers begin with: `webhook-`, or `svix-` for receivers that were written for it.',
    resolve: ({ sending }) => sending?.headerPrefix ?? usualHeaderPrefix,
  }),
  stopOn: t.intList({
    description: 'Response statuses that end a delivery at once as FAILED (REJECTED).',
    resolve: ({ sending }) => sending?.stopOn ?? [],
  }),
}));

type InputFields = InputFieldBuilder<Types, 'InputObject'>;

const EndpointHeaderInput = builder.inputType('EndpointHeaderInput', {
  description: 'A header that is sent with each attempt.',
  fields: (t) => ({
    name: t.string({ required: true, description: nameRule }),
    value: t.string({ required: true, description: valueRule }),
    isSecret: t.boolean({ required: true, defaultValue: false, description: secretRule }),
  }),
});

const EndpointHeaderUpdateInput = builder.inputType('EndpointHeaderUpdateInput', {
  description: 'A header that is sent with each attempt.',
  fields: (t) => ({
    name: t.string({ required: true, description: nameRule }),
    value: t.string({
      description: `${valueRule} Null or absent keeps the secret value that is stored under the name.`,
    }),
    isSecret: t.boolean({
      required: true,
      defaultValue: false,
      description: `${secretRule} A value that is kept stays secret.`,
    }),
  }),
});

const policyInputs = (t: InputFields) => ({
  retrySchedule: t.intList({ description: scheduleRule }),
  timeoutMs: t.int({ description: timeoutRule }),
  stopOn: t.intList({ description: stopRule }),
  headerPrefix: t.string({ description: prefixRule }),
});

/** What `createEndpoint` takes about sending. */
export const newSendingInputs = (t: InputFields) => ({
  headers: t.field({
    type: [EndpointHeaderInput],
    description: `Sent with each attempt. ${headersRule}`,
  }),
  ...policyInputs(t),
});

/** What `updateEndpoint` takes about sending: null is as usual again. */
export const changedSendingInputs = (t: InputFields) => ({
  headers: t.field({
    type: [EndpointHeaderUpdateInput],
    description: `All that are sent from now on. ${headersRule} Null removes all.`,
  }),
  ...policyInputs(t),
});

type GivenHeader = Readonly<{ name: string; value?: string | null | undefined; isSecret: boolean }>;

/** An input's headers as the rules take them. */
export const headersOf = (
  headers: readonly GivenHeader[] | null | undefined,
): readonly HeaderValue[] | null | undefined =>
  headers == null
    ? headers
    : headers.map(({ name, value, isSecret }) => ({ name, value: value ?? null, isSecret }));
