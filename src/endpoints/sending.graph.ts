import type { InputFieldBuilder } from '@pothos/core';
import {
  conditionsOf,
  filterRule,
  PayloadCondition,
  PayloadConditionInput,
} from '../filters/filter.graph.ts';
import { builder } from '../graph/builder.ts';
import type { Types } from '../graph/schema-types.ts';
import {
  type HeaderValue,
  maxHeaderBytes,
  maxHeaders,
  reservedHeaders,
} from '../sending/endpoint-headers.ts';
import { maxScheduleEntries } from '../sending/retry-schedule.ts';
import {
  longestTimeoutMs,
  maxAlertEmails,
  maxStopStatuses,
  shortestTimeoutMs,
  usualHeaderPrefix,
} from '../sending/sending.ts';
import type { SignatureScheme as Scheme, StoredHeader } from '../tables.ts';
import { Endpoint, secretsOf } from './endpoint.graph.ts';

const nameRule = `Letters, digits and \`\`!#$%&'*+-.^_\`|~\`\`; at most 256 characters. These names are reserved: ${reservedHeaders}.`;
const valueRule =
  'Printable ASCII characters. Spaces and tabs may stand between them; line breaks are not allowed.';
const secretRule = 'If true, the value is encrypted, never shown again, and redacted in attempts.';
const headersRule = `At most ${maxHeaders} headers and ${maxHeaderBytes.toLocaleString('en')} bytes of names and values, each name once. They apply from the next attempt on, also to the handshake and to replays.`;
const scheduleRule = `The delay before each attempt in whole seconds: 1 to ${maxScheduleEntries} numbers, one for each attempt. Deliveries that already wait keep their number of attempts, but their next delays come from the new schedule. Each delay is varied at random by up to a fifth. The sum, with a fifth added, must not exceed half of the retention. Null means the server’s schedule.`;
const timeoutRule = `The time limit for a whole attempt: ${shortestTimeoutMs.toLocaleString('en')} to ${longestTimeoutMs.toLocaleString('en')} milliseconds. Null means the server’s setting.`;
const stopRule = `Response statuses from 400 to 599 that end a delivery at once as FAILED (REJECTED) instead of a retry: at most ${maxStopStatuses}, each once. Status 410 disables the endpoint in any case.`;
const alertRule = `The addresses that get a mail when the endpoint fails (\`endpoint.failing\`), works again, or is disabled: at most ${maxAlertEmails}. Mails are sent only if the server has a mail server. Null means nobody.`;
const signsRule =
  'If true, the value is a key, which is encrypted like a secret value. The header is then `sha256=` followed by the hex of the HMAC-SHA256 of the body under that key. A receiver that verifies such a header keeps working while it moves to the standard signature, which is sent beside it.';

const traceRule =
  'Whether each attempt, also of a replay, has the header `traceparent` (W3C Trace Context), so that the receiver can go on with the trace of the event, and `tracestate` if the publisher sent one. The handshake has neither. Where nobody traces, an attempt has them only if the publisher sent `traceparent`. They show the ids of the publisher’s trace to the receiver, so the default is false. Null means false.';

const prefixRule =
  'The prefix of the names of the id, timestamp and signature headers, in attempts and in the handshake: `webhook-` or `svix-`. The signature is the same. Null means `webhook-`.';

const schemes: Record<Scheme, { description: string }> = {
  HMAC_SHA256: { description: 'With a shared secret, `whsec_…`. Signatures begin with `v1,`.' },
  ED25519: {
    description:
      'With a key pair. Signatures begin with `v1a,` and are verified with the public key `whpk_…`, which cannot sign.',
  },
};

const SignatureScheme = builder.enumType('SignatureScheme', {
  description: 'How deliveries are signed. Both ways follow Standard Webhooks.',
  values: schemes,
});

const EndpointHeader = builder.objectRef<StoredHeader>('EndpointHeader').implement({
  description: 'A header that is sent with each attempt.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name, as it was given.' }),
    value: t.string({
      nullable: true,
      description: 'The value; null if it is secret.',
      resolve: (header) => ('sealed' in header ? null : header.value),
    }),
    isSecret: t.boolean({
      description: 'Whether the value is secret: never shown, and redacted in attempts.',
      resolve: (header) => 'sealed' in header,
    }),
    signsBody: t.boolean({
      description: 'Whether the value is a key, so that a signature of the body with this key is sent.',
      resolve: (header) => 'sealed' in header && header.signsBody === true,
    }),
  }),
});

builder.objectFields(Endpoint, (t) => ({
  headers: t.field({
    type: [EndpointHeader],
    description: `The owner’s headers, which are sent with each attempt; at most ${maxHeaders}.`,
    complexity: { field: 1, multiplier: 1 },
    resolve: ({ sending }) => sending?.headers ?? [],
  }),
  signature: t.field({
    type: SignatureScheme,
    description: 'How its deliveries are signed.',
    resolve: ({ sending }): Scheme => sending?.signature ?? 'HMAC_SHA256',
  }),
  publicKey: t.string({
    nullable: true,
    description:
      'The public key that verifies the signatures of its newest key: `whpk_…`. Null for HMAC_SHA256. During a rotation the older keys sign as well.',
    resolve: async (endpoint, _args, context) =>
      (await secretsOf(context).load(endpoint))[0]?.publicKey ?? null,
  }),
  filter: t.field({
    type: [PayloadCondition],
    description: filterRule,
    complexity: { field: 1, multiplier: 1 },
    resolve: ({ sending }) => sending?.filter ?? [],
  }),
  retrySchedule: t.intList({
    nullable: true,
    description:
      'The delay before each attempt in seconds, varied at random by up to a fifth; null means the server’s schedule.',
    resolve: ({ sending }) => sending?.retrySchedule ?? null,
  }),
  timeoutMs: t.int({
    nullable: true,
    description: 'The time limit for an attempt in milliseconds; null means the server’s setting.',
    resolve: ({ sending }) => sending?.timeoutMs ?? null,
  }),
  headerPrefix: t.string({
    description:
      'The prefix of the names of the id, timestamp and signature headers: `webhook-`, or `svix-` for receivers that were written for Svix.',
    resolve: ({ sending }) => sending?.headerPrefix ?? usualHeaderPrefix,
  }),
  alertEmails: t.stringList({
    description: 'The addresses that get a mail when it fails, works again, or is disabled.',
    resolve: ({ sending }) => sending?.alertEmails ?? [],
  }),
  sendTraceparent: t.boolean({
    description:
      'Whether attempts have the headers `traceparent` and `tracestate` (W3C Trace Context), so that the receiver can go on with the trace of the event.',
    resolve: ({ sending }) => sending?.sendTraceparent === true,
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
    signsBody: t.boolean({ required: true, defaultValue: false, description: signsRule }),
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
    signsBody: t.boolean({
      required: true,
      defaultValue: false,
      description: `${signsRule} Null keeps a stored key only if this is true, and another stored secret only if it is false.`,
    }),
  }),
});

const policyInputs = (t: InputFields) => ({
  filter: t.field({ type: [PayloadConditionInput], description: filterRule }),
  retrySchedule: t.intList({ description: scheduleRule }),
  timeoutMs: t.int({ description: timeoutRule }),
  stopOn: t.intList({ description: stopRule }),
  headerPrefix: t.string({ description: prefixRule }),
  alertEmails: t.stringList({ description: alertRule }),
  sendTraceparent: t.boolean({ description: traceRule }),
});

/** The settings for sending that `createEndpoint` accepts. */
export const newSendingInputs = (t: InputFields) => ({
  headers: t.field({
    type: [EndpointHeaderInput],
    description: `Headers to send with each attempt. ${headersRule}`,
  }),
  ...policyInputs(t),
  signature: t.field({
    type: SignatureScheme,
    required: true,
    defaultValue: 'HMAC_SHA256',
    description:
      'How deliveries are signed. It cannot be changed later: create another endpoint for another scheme.',
  }),
});

/** The settings for sending that `updateEndpoint` accepts. Null restores the default. */
export const changedSendingInputs = (t: InputFields) => ({
  headers: t.field({
    type: [EndpointHeaderUpdateInput],
    description: `All headers to send from now on. ${headersRule} Null removes all.`,
  }),
  ...policyInputs(t),
});

type Given = Readonly<{
  headers?:
    | readonly Readonly<{
        name: string;
        value?: string | null | undefined;
        isSecret: boolean;
        signsBody: boolean;
      }>[]
    | null
    | undefined;
  filter?: Parameters<typeof conditionsOf>[0];
}>;

/** The input in the form that the rules use. */
export const sendingOf = <Input extends Given>(input: Input) => ({
  ...input,
  headers:
    input.headers == null
      ? input.headers
      : input.headers.map(({ value, ...header }): HeaderValue => ({ ...header, value: value ?? null })),
  filter: conditionsOf(input.filter),
});
