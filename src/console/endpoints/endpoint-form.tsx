import { type FormEvent, useState } from 'react';
import { issueOf, type Refusal } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { EventsChoice } from './events-choice.tsx';
import {
  SendingFields,
  type SendingValues,
  sendingFields,
  sendingInput,
  sendingProblems,
} from './sending-fields.tsx';
import { isWholeUrl, urlProblem } from './url-check.ts';

export type EndpointValues = Readonly<{
  url: string;
  description: string;
  events: readonly string[];
  rate: string;
  sending: SendingValues;
}>;

const fields = ['url', 'description', 'events', 'maxDeliveriesPerSecond', ...sendingFields];

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
    const isGood = isWholeUrl(values.url) && values.events.length > 0 && isRate && isSending;
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

/** What an endpoint is changed to. */
export function inputOf({ url, description, events, rate, sending }: EndpointValues) {
  return {
    url: url.trim(),
    description: description.trim() === '' ? null : description.trim(),
    events: [...events],
    maxDeliveriesPerSecond: rate === '' ? null : Number(rate),
    ...sendingInput(sending),
  };
}

/** What a new one is made of: it has no value to keep, and may bring its secret along. */
export function newInputOf(values: EndpointValues) {
  const { headers, ...input } = inputOf(values);
  const { secret } = values.sending;
  return {
    ...input,
    headers: headers.map(({ value, ...header }) => ({ ...header, value: value ?? '' })),
    ...(secret.trim() === '' ? {} : { secret: secret.trim() }),
  };
}
