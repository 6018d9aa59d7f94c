import { type FormEvent, useState } from 'react';
import { issueOf, type Refusal } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { conditionInput, conditionProblem, type TypedCondition, typedValue } from './condition.ts';
import { EventsChoice } from './events-choice.tsx';
import { FilterFields } from './filter-fields.tsx';
import type { EndpointFactsFragment } from './generated/graphql.ts';
import {
  SendingFields,
  type SendingValues,
  sendingFields,
  sendingInput,
  sendingOf,
  sendingProblems,
} from './sending-fields.tsx';
import { isWholeUrl, urlProblem } from './url-check.ts';

export type EndpointValues = Readonly<{
  url: string;
  description: string;
  events: readonly string[];
  filter: readonly TypedCondition[];
  rate: string;
  sending: SendingValues;
}>;

const fields = ['url', 'description', 'events', 'filter', 'maxDeliveriesPerSecond', ...sendingFields];

/** The settings of an endpoint, to create or change it. The typed values stay when the server refuses them. */
export function EndpointForm(
  props: Readonly<{
    start: EndpointValues;
    act: string;
    isRunning: boolean;
    refusal: Refusal | undefined;
    onSubmit: (values: EndpointValues) => void;
    urlHint: string;
    isNew?: boolean;
  }>,
) {
  const { start, act, isRunning, refusal, onSubmit, urlHint, isNew = false } = props;
  const [values, setValues] = useState(start);
  const [isTried, setTried] = useState(false);
  const set = (changed: Partial<EndpointValues>) => setValues({ ...values, ...changed });
  const noUrl =
    isTried && !isWholeUrl(values.url) ? 'Type the whole URL: https://example.com/webhooks' : undefined;
  const noEvents = isTried && values.events.length === 0 ? 'Choose at least one event type.' : undefined;
  const isRate = values.rate === '' || /^[1-9]\d{0,5}$/.test(values.rate);
  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    const isSending = Object.values(sendingProblems(values.sending)).every(
      (problem) => problem === undefined,
    );
    const isFilter = values.filter.every((condition) => conditionProblem(condition) === undefined);
    const isGood = isWholeUrl(values.url) && values.events.length > 0 && isFilter && isRate && isSending;
    if (isGood && !isRunning) onSubmit(values);
  }
  return (
    <form onSubmit={submit} className="form" noValidate>
      <Field label="URL" hint={urlHint} problem={urlProblem(values.url) ?? noUrl ?? issueOf(refusal, 'url')}>
        {(input) => (
          <input
            {...input}
            type="url"
            value={values.url}
            placeholder="https://example.com/webhooks"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => set({ url: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Description"
        hint="For you and your colleagues."
        problem={issueOf(refusal, 'description')}
      >
        {(input) => (
          <input
            {...input}
            value={values.description}
            onChange={(event) => set({ description: event.target.value })}
          />
        )}
      </Field>
      <EventsChoice
        chosen={values.events}
        onChange={(events) => set({ events })}
        problem={noEvents ?? issueOf(refusal, 'events')}
      />
      <FilterFields
        conditions={values.filter}
        onChange={(filter) => set({ filter })}
        events={values.events}
        problem={issueOf(refusal, 'filter')}
        isTried={isTried}
      />
      <Field
        label="Most deliveries a second"
        hint="Empty: no limit."
        problem={isRate ? issueOf(refusal, 'maxDeliveriesPerSecond') : 'A whole number from 1, or nothing.'}
      >
        {(input) => (
          <input
            {...input}
            inputMode="numeric"
            value={values.rate}
            onChange={(event) => set({ rate: event.target.value.trim() })}
          />
        )}
      </Field>
      <SendingFields
        values={values.sending}
        onChange={(sending) => set({ sending })}
        refusal={refusal}
        isNew={isNew}
      />
      <Refused refusal={refusal} fields={fields} />
      <p className="acts">
        <button type="submit" className="primary" disabled={isRunning}>
          {isRunning ? 'At work…' : act}
        </button>
      </p>
    </form>
  );
}

/** The settings of an endpoint, to be changed. */
export const valuesOf = (endpoint: EndpointFactsFragment): EndpointValues => ({
  url: endpoint.url,
  description: endpoint.description ?? '',
  events: endpoint.events,
  filter: endpoint.filter.map(({ path, op, value }, key) => ({
    ...{ key, path, op },
    value: op === 'EXISTS' ? '' : typedValue(value),
  })),
  rate: endpoint.maxDeliveriesPerSecond?.toString() ?? '',
  sending: sendingOf(endpoint),
});

/** The input that changes an endpoint. */
export function inputOf({ url, description, events, filter, rate, sending }: EndpointValues) {
  return {
    url: url.trim(),
    description: description.trim() === '' ? null : description.trim(),
    events: [...events],
    filter: filter.map(conditionInput),
    maxDeliveriesPerSecond: rate === '' ? null : Number(rate),
    ...sendingInput(sending),
  };
}

/** The part of the input that differs: what somebody else changes meanwhile is not written over. */
export function changesOf(
  before: EndpointValues,
  after: EndpointValues,
): Partial<ReturnType<typeof inputOf>> {
  const old = inputOf(before);
  const isNew = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(old[name as keyof typeof old]);
  return Object.fromEntries(Object.entries(inputOf(after)).filter(isNew));
}

/** The input that creates an endpoint. It may contain a secret of the owner's. */
export function newInputOf(values: EndpointValues) {
  const { headers, ...input } = inputOf(values);
  const { secret, signature } = values.sending;
  return {
    ...input,
    signature,
    headers: headers.map(({ value, ...header }) => ({ ...header, value: value ?? '' })),
    ...(secret.trim() === '' ? {} : { secret: secret.trim() }),
  };
}
