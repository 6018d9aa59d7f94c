import { useEffect, useMemo, useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { Field } from '../parts/form.tsx';
import { Time } from '../parts/time.tsx';
import {
  conditionInput,
  conditionProblem,
  operators,
  operatorWords,
  type TypedCondition,
} from './condition.ts';
import { matchesOf } from './events-choice.tsx';
import {
  EndpointCatalogueDocument,
  type PayloadConditionInput,
  type PayloadOperator,
  PreviewFilterDocument,
} from './generated/graphql.ts';

const mostConditions = 10;
const shownEvents = 5;
const typingMs = 400;

/** The payload filter of an endpoint, with a preview: which of the newest events would have matched. */
export function FilterFields(
  props: Readonly<{
    conditions: readonly TypedCondition[];
    onChange: (conditions: readonly TypedCondition[]) => void;
    /** The types that the endpoint subscribes to, for the preview. */
    events: readonly string[];
    problem: string | undefined;
    isTried: boolean;
  }>,
) {
  const { conditions, onChange, events, problem, isTried } = props;
  const change = (key: number, changed: Partial<TypedCondition>) =>
    onChange(
      conditions.map((condition) => (condition.key === key ? { ...condition, ...changed } : condition)),
    );
  const nextKey = Math.max(-1, ...conditions.map(({ key }) => key)) + 1;
  const problems = conditions.map(conditionProblem);
  const said = isTried ? problems.find((one) => one !== undefined) : undefined;
  return (
    <fieldset className="filter-fields">
      <legend>Only events whose body meets all of these</legend>
      {conditions.map(({ key, path, op, value }, index) => (
        <div key={key} className="header-field">
          <input
            aria-label={`Path of condition ${index + 1}`}
            placeholder="/data/amount"
            value={path}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => change(key, { path: event.target.value.trim() })}
          />
          <select
            aria-label={`Operator of condition ${index + 1}`}
            value={op}
            onChange={(event) => change(key, { op: event.target.value as PayloadOperator })}
          >
            {operators.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
          {op !== 'EXISTS' && (
            <input
              aria-label={`Value of condition ${index + 1}`}
              placeholder={op === 'IN' ? 'DE, FR' : '100'}
              value={value}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => change(key, { value: event.target.value })}
            />
          )}
          <button
            type="button"
            className="quiet"
            aria-label={`Remove condition ${index + 1}`}
            onClick={() => onChange(conditions.filter((condition) => condition.key !== key))}
          >
            Remove
          </button>
        </div>
      ))}
      <button
        type="button"
        disabled={conditions.length >= mostConditions}
        onClick={() => onChange([...conditions, { key: nextKey, path: '/data/', op: 'EQ', value: '' }])}
      >
        Add a condition
      </button>
      <p className="hint">
        {conditions.length === 0
          ? 'None: every event of the types above is sent.'
          : 'A path leads into the body that is sent, as /data/items/0/name. Numbers, true, false and null are compared as such; put quotes around them for a text. An event that does not pass makes no delivery.'}
      </p>
      <p className="field-problem" aria-live="polite">
        {said ?? problem}
      </p>
      {conditions.length > 0 && problems.every((one) => one === undefined) && (
        <Preview conditions={conditions} events={events} />
      )}
    </fieldset>
  );
}

/** Which of the newest events of a type would have passed. It is requested once the person stops typing. */
function Preview({
  conditions,
  events,
}: Readonly<{ conditions: readonly TypedCondition[]; events: readonly string[] }>) {
  const [{ data: catalogue }] = useQuery({ query: EndpointCatalogueDocument });
  const types = catalogue?.eventTypes ?? [];
  const names = types
    .filter((type) => events.some((entry) => matchesOf(entry, [type]).length > 0))
    .map(({ name }) => name);
  const [chosen, setChosen] = useState<string>();
  const eventType = chosen !== undefined && names.includes(chosen) ? chosen : names[0];
  const filter = useRested(JSON.stringify(conditions.map(conditionInput)));
  const variables = useMemo(
    () => ({ filter: JSON.parse(filter) as PayloadConditionInput[], eventType: eventType ?? '' }),
    [filter, eventType],
  );
  const [{ data, error }] = useQuery({
    query: PreviewFilterDocument,
    variables,
    pause: eventType === undefined,
    requestPolicy: 'network-only',
  });
  const preview = data?.previewFilter;
  if (eventType === undefined) return <p className="hint">Choose an event type above to try the filter.</p>;
  return (
    <section aria-label="What the filter would have done">
      {names.length > 1 && (
        <Field label="Try it on the newest events of">
          {(input) => (
            <select {...input} value={eventType} onChange={(event) => setChosen(event.target.value)}>
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
      )}
      <p role="status">
        {error !== undefined
          ? (error.graphQLErrors[0]?.message ?? 'The server cannot be reached.')
          : preview === undefined
            ? 'Trying it…'
            : preview.examined === 0
              ? `No ${eventType} has been published yet.`
              : `${preview.matched} of the newest ${preview.examined} ${eventType} would have passed.`}
      </p>
      <ul className="changes">
        {preview?.events.slice(0, shownEvents).map(({ event, matches, failedCondition }) => (
          <li key={event.id} className={matches ? 'passes' : undefined}>
            <Link href={`/events/${event.id}`} target="_blank">
              <Time at={event.occurredAt} />
            </Link>{' '}
            {matches ? 'passes' : `kept out by ${wordsOf(conditions[failedCondition ?? 0])}`}
          </li>
        ))}
      </ul>
    </section>
  );
}

const wordsOf = (condition: TypedCondition | undefined) =>
  condition === undefined
    ? 'a condition'
    : `“${condition.path} ${operatorWords(condition.op)} ${condition.op === 'EXISTS' ? '' : condition.value}”`;

/** The text after it has not changed for a while. */
function useRested(text: string): string {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
}
