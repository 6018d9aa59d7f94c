import { issueOf, type Refusal } from '../parts/act.ts';
import { Field } from '../parts/form.tsx';
import type { DeliveryOrdering, EndpointFactsFragment, SignatureScheme } from './generated/graphql.ts';
import {
  HeaderFields,
  headersInput,
  headersProblem,
  type TypedHeader,
  typedHeader,
} from './header-fields.tsx';

/** The settings for sending, as they are typed. An empty field means the server's default. */
export type SendingValues = Readonly<{
  headers: readonly TypedHeader[];
  signature: SignatureScheme;
  secret: string;
  ordering: DeliveryOrdering;
  schedule: string;
  timeout: string;
  stopOn: string;
  prefix: string;
  alerts: string;
  traceparent: boolean;
}>;

export const usualSending: SendingValues = {
  headers: [],
  signature: 'HMAC_SHA256',
  secret: '',
  ordering: 'NONE',
  schedule: '',
  timeout: '',
  stopOn: '',
  prefix: 'webhook-',
  alerts: '',
  traceparent: false,
};

export const sendingOf = (endpoint: EndpointFactsFragment): SendingValues => ({
  headers: endpoint.headers.map(typedHeader),
  signature: endpoint.signature,
  secret: '',
  ordering: endpoint.ordering,
  schedule: endpoint.retrySchedule?.join(', ') ?? '',
  timeout: endpoint.timeoutMs === null ? '' : String(endpoint.timeoutMs / 1_000),
  stopOn: endpoint.stopOn.join(', '),
  prefix: endpoint.headerPrefix,
  alerts: endpoint.alertEmails.join(', '),
  traceparent: endpoint.sendTraceparent,
});

const wordsOf = (text: string) => text.split(/[\s,;]+/).filter((word) => word !== '');
const numbersOf = (text: string) => wordsOf(text).map(Number);

/** The problems of the typed values, by field, before the server is asked. */
export function sendingProblems({ headers, schedule, timeout, stopOn }: SendingValues) {
  const isWhole = (text: string) => numbersOf(text).every((n) => Number.isSafeInteger(n) && n >= 0);
  return {
    headers: headersProblem(headers),
    schedule: isWhole(schedule) ? undefined : 'Whole numbers of seconds, with commas between: 0, 5, 300',
    timeout:
      timeout === '' || (Number(timeout) >= 1 && Number(timeout) <= 60) ? undefined : 'From 1 to 60 seconds.',
    stopOn: isWhole(stopOn) ? undefined : 'Statuses with commas between: 400, 422',
  };
}

/** The part of the input that is the same for creating and changing. */
export function sendingInput(values: SendingValues) {
  const { headers, ordering, schedule, timeout, stopOn, prefix, alerts, traceparent } = values;
  const delays = numbersOf(schedule);
  return {
    headers: headersInput(headers),
    ordering,
    retrySchedule: delays.length === 0 ? null : delays,
    timeoutMs: timeout === '' ? null : Math.round(Number(timeout) * 1_000),
    stopOn: numbersOf(stopOn),
    headerPrefix: prefix,
    alertEmails: wordsOf(alerts),
    sendTraceparent: traceparent,
  };
}

export const sendingFields = [
  ...['headers', 'signature', 'secret', 'ordering', 'retrySchedule', 'timeoutMs', 'stopOn'],
  ...['headerPrefix', 'alertEmails', 'sendTraceparent'],
];

/** Settings that most people do not change: headers, order, signature, retries, timeout, and alerts. */
export function SendingFields(
  props: Readonly<{
    values: SendingValues;
    onChange: (values: SendingValues) => void;
    refusal: Refusal | undefined;
    /** The scheme of the signature and a secret of one's own can be given only at the beginning. */
    isNew: boolean;
  }>,
) {
  const { values, onChange, refusal, isNew } = props;
  const set = (changed: Partial<SendingValues>) => onChange({ ...values, ...changed });
  const problems = sendingProblems(values);
  const isStrict = values.ordering === 'STRICT';
  const isKeyPair = values.signature === 'ED25519';
  const text = (
    name: 'secret' | 'schedule' | 'timeout' | 'stopOn' | 'alerts',
    field: string,
    { label, hint, problem }: Readonly<{ label: string; hint: string; problem?: string | undefined }>,
  ) => (
    <Field label={label} hint={hint} problem={problem ?? issueOf(refusal, field)}>
      {(input) => (
        <input
          {...input}
          type={name === 'secret' ? 'password' : 'text'}
          value={values[name]}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ [name]: event.target.value.trimStart() })}
        />
      )}
    </Field>
  );
  return (
    <details className="sending" open={sendingFields.some((field) => issueOf(refusal, field) !== undefined)}>
      <summary>How it is sent</summary>
      <Field
        label="Order"
        hint={
          isStrict
            ? 'One that is refused holds up all behind it until its attempts are used up: keep the delays below short.'
            : undefined
        }
        problem={issueOf(refusal, 'ordering')}
      >
        {(input) => (
          <select
            {...input}
            value={values.ordering}
            onChange={(event) => set({ ordering: event.target.value === 'STRICT' ? 'STRICT' : 'NONE' })}
          >
            <option value="NONE">Independent: one that fails holds up no other</option>
            <option value="STRICT">Strict: one at a time, in the order of the events</option>
          </select>
        )}
      </Field>
      {isNew && (
        <Field
          label="Signature"
          hint={
            isKeyPair
              ? 'Whoever verifies has the public key alone, and cannot sign. It cannot be changed later.'
              : 'Receivers verify with the secret that signs. It cannot be changed later.'
          }
          problem={issueOf(refusal, 'signature')}
        >
          {(input) => (
            <select
              {...input}
              value={values.signature}
              onChange={(event) =>
                set({ signature: event.target.value === 'ED25519' ? 'ED25519' : 'HMAC_SHA256' })
              }
            >
              <option value="HMAC_SHA256">HMAC-SHA256, with a shared secret</option>
              <option value="ED25519">Ed25519, with a public key</option>
            </select>
          )}
        </Field>
      )}
      {isNew &&
        text('secret', 'secret', {
          label: isKeyPair ? 'Private key of your own' : 'Signing secret of your own',
          hint: isKeyPair
            ? 'whsk_…, to keep what your receiver knows already. Empty: a pair is made.'
            : 'whsec_…, to keep what your receiver knows already. Empty: one is made.',
        })}
      <HeaderFields
        headers={values.headers}
        onChange={(headers) => set({ headers })}
        problem={problems.headers ?? issueOf(refusal, 'headers')}
      />
      {text('schedule', 'retrySchedule', {
        label: 'Delays before the attempts, in seconds',
        hint: '0, 5, 300 is three attempts. Empty: the server’s schedule.',
        problem: problems.schedule,
      })}
      {text('timeout', 'timeoutMs', {
        label: 'Seconds for a whole attempt',
        hint: 'From 1 to 60. Empty: the server’s.',
        problem: problems.timeout,
      })}
      {text('stopOn', 'stopOn', {
        label: 'Statuses that end a delivery at once',
        hint: '400, 422: it fails then and is not tried again. Empty: none.',
        problem: problems.stopOn,
      })}
      {text('alerts', 'alertEmails', {
        label: 'Who gets a mail when it fails',
        hint: 'At most five addresses. They are also told when it works again or is disabled, if the server sends mails.',
      })}
      <Field label="Names of the headers begin with" problem={issueOf(refusal, 'headerPrefix')}>
        {(input) => (
          <select {...input} value={values.prefix} onChange={(event) => set({ prefix: event.target.value })}>
            <option>webhook-</option>
            <option>svix-</option>
          </select>
        )}
      </Field>
      <Field
        label="Trace"
        hint="With it the receiver can go on with the trace of the event, and sees its ids."
        problem={issueOf(refusal, 'sendTraceparent')}
      >
        {(input) => (
          <select
            {...input}
            value={values.traceparent ? 'send' : 'none'}
            onChange={(event) => set({ traceparent: event.target.value === 'send' })}
          >
            <option value="none">Is not handed on</option>
            <option value="send">Is handed on in the header traceparent</option>
          </select>
        )}
      </Field>
    </details>
  );
}
