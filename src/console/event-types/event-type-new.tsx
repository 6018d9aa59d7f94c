import '../parts/manage.css';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { issueOf, useAct } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { RegisterTypeDocument } from './generated/graphql.ts';
import { jsonProblem } from './json-problem.ts';

const namePattern = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** A new type for the whole platform. Schema and example are checked as they are typed, and again by the server. */
export default function EventTypeNew() {
  const { act, isRunning, refusal } = useAct(RegisterTypeDocument);
  const [, go] = useLocation();
  const [values, setValues] = useState({
    name: '',
    description: '',
    dataType: '',
    schema: '',
    example: '{}',
  });
  const set = (changed: Partial<typeof values>) => setValues({ ...values, ...changed });
  const may = useMay('MANAGE_EVENT_TYPES');
  if (!may) {
    return (
      <div className="manage">
        <title>Register a type · Heliograph</title>
        <h1>Register a type</h1>
        <p>Your credential may not register event types. It needs manage_event_types.</p>
      </div>
    );
  }
  const nameProblem =
    values.name === '' || namePattern.test(values.name)
      ? undefined
      : 'Segments of a-z, 0-9, _ and -, with dots between: order.paid';
  const schemaProblem = jsonProblem(values.schema);
  const exampleProblem = jsonProblem(values.example);
  async function submit(event: FormEvent) {
    event.preventDefault();
    if ((schemaProblem ?? exampleProblem ?? nameProblem) !== undefined || values.example.trim() === '')
      return;
    const { name, description, dataType } = values;
    const schema: unknown = values.schema.trim() === '' ? null : JSON.parse(values.schema);
    const done = await act({
      input: { name, description, dataType, schema, example: JSON.parse(values.example) },
    });
    if (done !== undefined && 'eventType' in done) go(`/event-types/${done.eventType.name}`);
  }
  return (
    <div className="manage">
      <title>Register a type · Heliograph</title>
      <h1>Register a type</h1>
      <form onSubmit={(event) => void submit(event)} className="form">
        <Field
          label="Name"
          hint="order.paid: what comes before the first dot is its category."
          problem={nameProblem ?? issueOf(refusal, 'name')}
        >
          {(input) => (
            <input
              {...input}
              value={values.name}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label="What has happened" problem={issueOf(refusal, 'description')}>
          {(input) => (
            <input
              {...input}
              value={values.description}
              onChange={(event) => set({ description: event.target.value })}
            />
          )}
        </Field>
        <Field label="Kind of data" hint="Order" problem={issueOf(refusal, 'dataType')}>
          {(input) => (
            <input
              {...input}
              value={values.dataType}
              onChange={(event) => set({ dataType: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="JSON Schema of the payload"
          hint="Empty: any payload is taken. It never changes afterwards."
          problem={schemaProblem ?? issueOf(refusal, 'schema')}
        >
          {(input) => (
            <textarea
              {...input}
              rows={8}
              spellCheck={false}
              value={values.schema}
              onChange={(event) => set({ schema: event.target.value })}
            />
          )}
        </Field>
        <Field
          label="Example"
          hint="A payload as it may come; test events are made of it."
          problem={exampleProblem ?? issueOf(refusal, 'example')}
        >
          {(input) => (
            <textarea
              {...input}
              rows={6}
              spellCheck={false}
              value={values.example}
              onChange={(event) => set({ example: event.target.value })}
            />
          )}
        </Field>
        <Refused refusal={refusal} fields={['name', 'description', 'dataType', 'schema', 'example']} />
        <p className="acts">
          <button type="submit" className="primary" disabled={isRunning}>
            {isRunning ? 'At work…' : 'Register it'}
          </button>
        </p>
      </form>
    </div>
  );
}
