import { issueOf, type Refusal } from '../parts/act.ts';
import { Field } from '../parts/form.tsx';
import type { EndpointFactsFragment } from './generated/graphql.ts';

type Header = Readonly<{ key: number; name: string; value: string; isSecret: boolean; isKept: boolean }>;

/** How deliveries are sent, as it is typed. What is empty is the server's own. */
export type SendingValues = Readonly<{
  headers: readonly Header[];
  secret: string;
  schedule: string;
  timeout: string;
  stopOn: string;
  prefix: string;
}>;

export const usualSending: SendingValues = {
  headers: [],
  secret: '',
  schedule: '',
  timeout: '',
  stopOn: '',
  prefix: 'webhook-',
};

export const sendingOf = (endpoint: EndpointFactsFragment): SendingValues => ({
  headers: endpoint.headers.map(({ name, value, isSecret }, key) => ({
    key,
    name,
    value: value ?? '',
    isSecret,
    isKept: isSecret,
  })),
  secret: '',
  schedule: endpoint.retrySchedule?.join(', ') ?? '',
  timeout: endpoint.timeoutMs === null ? '' : String(endpoint.timeoutMs / 1_000),
  stopOn: endpoint.stopOn.join(', '),
  prefix: endpoint.headerPrefix,
});

const numbersOf = (text: string) =>
  text
    .split(/[\s,;]+/)
    .filter((word) => word !== '')
    .map(Number);

/** What is wrong with what was typed, by field, before the server is asked. */
export function sendingProblems({ headers, schedule, timeout, stopOn }: SendingValues) {
  const isWhole = (text: string) => numbersOf(text).every((n) => Number.isSafeInteger(n) && n >= 0);
  return {
    headers: headers.some(({ name, value }) => name.trim() === '' && value !== '')
      ? 'Give each header a name, or remove it.'
      : undefined,
    schedule: isWhole(schedule) ? undefined : 'Whole numbers of seconds, with commas between: 0, 5, 300',
    timeout:
      timeout === '' || (Number(timeout) >= 1 && Number(timeout) <= 60) ? undefined : 'From 1 to 60 seconds.',
    stopOn: isWhole(stopOn) ? undefined : 'Statuses with commas between: 400, 422',
  };
}

/** The part of an input that both making and changing take. A secret value that was not typed anew is kept. */
export function sendingInput({ headers, schedule, timeout, stopOn, prefix }: SendingValues) {
  const delays = numbersOf(schedule);
  return {
    // A line that nothing was typed into is none.
    headers: headers
      .filter(({ name }) => name.trim() !== '')
      .map(({ name, value, isSecret, isKept }) => ({
        name: name.trim(),
        value: isKept && value === '' ? null : value,
        isSecret,
      })),
    retrySchedule: delays.length === 0 ? null : delays,
    timeoutMs: timeout === '' ? null : Math.round(Number(timeout) * 1_000),
    stopOn: numbersOf(stopOn),
    headerPrefix: prefix,
  };
}

export const sendingFields = ['headers', 'secret', 'retrySchedule', 'timeoutMs', 'stopOn', 'headerPrefix'];

/** What most people leave as it is: headers of one's own, a secret brought along, when and how long to try. */
export function SendingFields(
  props: Readonly<{
    values: SendingValues;
    onChange: (values: SendingValues) => void;
    refusal: Refusal | undefined;
    /** A secret of one's own can be given only at the beginning. */
    isNew: boolean;
  }>,
) {
  const { values, onChange, refusal, isNew } = props;
  const set = (changed: Partial<SendingValues>) => onChange({ ...values, ...changed });
  const problems = sendingProblems(values);
  const text = (
    name: 'secret' | 'schedule' | 'timeout' | 'stopOn',
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
      <Headers values={values} set={set} problem={problems.headers ?? issueOf(refusal, 'headers')} />
      {isNew &&
        text('secret', 'secret', {
          label: 'Signing secret of your own',
          hint: 'whsec_…, to keep what your receiver knows already. Empty: one is made.',
        })}
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
      <Field label="Names of the headers begin with" problem={issueOf(refusal, 'headerPrefix')}>
        {(input) => (
          <select {...input} value={values.prefix} onChange={(event) => set({ prefix: event.target.value })}>
            <option>webhook-</option>
            <option>svix-</option>
          </select>
        )}
      </Field>
    </details>
  );
}

function Headers(
  props: Readonly<{
    values: SendingValues;
    set: (changed: Partial<SendingValues>) => void;
    problem: string | undefined;
  }>,
) {
  const { values, set, problem } = props;
  const { headers } = values;
  const change = (key: number, changed: Partial<Header>) =>
    set({ headers: headers.map((header) => (header.key === key ? { ...header, ...changed } : header)) });
  const nextKey = Math.max(-1, ...headers.map(({ key }) => key)) + 1;
  return (
    <fieldset className="header-fields">
      <legend>Headers of your own</legend>
      {headers.map(({ key, name, value, isSecret, isKept }, index) => (
        <div key={key} className="header-field">
          <input
            aria-label={`Name of header ${index + 1}`}
            placeholder="x-gateway-key"
            value={name}
            autoComplete="off"
            onChange={(event) => change(key, { name: event.target.value })}
          />
          <input
            aria-label={`Value of header ${index + 1}`}
            type={isSecret ? 'password' : 'text'}
            placeholder={isKept ? 'stays as it is' : ''}
            value={value}
            autoComplete="off"
            onChange={(event) => change(key, { value: event.target.value })}
          />
          <label>
            <input
              type="checkbox"
              checked={isSecret}
              disabled={isKept}
              onChange={(event) => change(key, { isSecret: event.target.checked })}
            />{' '}
            secret
          </label>
          <button
            type="button"
            className="quiet"
            aria-label={`Remove header ${index + 1}`}
            onClick={() => set({ headers: headers.filter((header) => header.key !== key) })}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() =>
          set({
            headers: [...headers, { key: nextKey, name: '', value: '', isSecret: false, isKept: false }],
          })
        }
      >
        Add a header
      </button>
      <p className="field-problem" aria-live="polite">
        {problem}
      </p>
    </fieldset>
  );
}
