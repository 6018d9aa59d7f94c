import { type FormEvent, useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../app/viewer.ts';
import { useAct } from '../parts/act.ts';
import { Field, Refused } from '../parts/form.tsx';
import { PublishOneDocument } from './generated/graphql.ts';
import { jsonProblem } from './json-problem.ts';

type Published = Readonly<{ id: string; deliveries: number }>;

/** One event of a type by hand. It goes to every endpoint that subscribed, as any other. */
export function PublishOne({ name, example }: Readonly<{ name: string; example: string }>) {
  const may = useMay('PUBLISH_EVENTS');
  const { act, isRunning, refusal } = useAct(PublishOneDocument);
  const [text, setText] = useState(example);
  const [published, setPublished] = useState<Published>();
  if (!may) return null;
  const problem = text.trim() === '' ? 'Type a payload as JSON.' : jsonProblem(text);
  async function submit(event: FormEvent) {
    event.preventDefault();
    if (problem !== undefined || isRunning) return;
    setPublished(undefined);
    const done = await act({ type: name, payloadText: text });
    const [first] = done !== undefined && 'events' in done ? done.events : [];
    if (first !== undefined) setPublished({ id: first.event.id, deliveries: first.deliveryCount });
  }
  return (
    <section aria-labelledby="publish">
      <h2 id="publish">Publish one by hand</h2>
      <form className="form" onSubmit={(event) => void submit(event)}>
        <Field
          label="Payload"
          hint="It is sent to every endpoint that subscribed, as any other event."
          problem={problem}
        >
          {(input) => (
            <textarea
              {...input}
              rows={6}
              spellCheck={false}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <Refused refusal={refusal} />
        <p className="acts">
          <button type="submit" disabled={isRunning}>
            {isRunning ? 'At work…' : 'Publish it'}
          </button>
        </p>
        {published !== undefined && (
          <p role="status">
            Published, with {published.deliveries === 1 ? '1 delivery' : `${published.deliveries} deliveries`}
            . <Link href={`/events/${published.id}`}>See the event</Link>
          </p>
        )}
      </form>
    </section>
  );
}
