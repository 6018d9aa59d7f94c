import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useQuery } from 'urql';
import { useSearchParams } from 'wouter';
import { useNarrow } from '../parts/narrow.ts';
import { statuses, statusWord } from '../parts/status.tsx';
import { FilterChoicesDocument } from './generated/graphql.ts';

const texts = [
  ['find', 'Event or delivery', 'evt_… or dlv_…'],
  ['endpoint', 'Endpoint', 'ep_…'],
  ['type', 'Event type', 'order.created'],
  ['answer', 'Answered with', '503'],
  ['error', 'Error contains', 'refused'],
  ['from', 'From (UTC)', '2026-03-01T09:30'],
  ['to', 'To (UTC)', '2026-03-02T09:30'],
] as const;

const lists = ['endpoint', 'type'] as const;

/** The filter, as it is in the address. */
export function DeliveryFilters() {
  const [search, setSearch] = useSearchParams();
  const [isUsed, setUsed] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const chosen = (search.get('status') ?? '').toUpperCase().split(',');
  const shownOf = (name: string) =>
    name === 'find' ? (search.get('id') ?? search.get('event') ?? '') : (search.get(name) ?? '');

  const address = search.toString();
  // Back and forward change the address, and the fields follow. Rows that come must not undo what is being typed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same address has the same values.
  useEffect(() => {
    for (const [name] of texts) {
      const field = form.current?.elements.namedItem(name);
      if (field instanceof HTMLInputElement) field.value = shownOf(name);
    }
  }, [address]);

  function apply(change: Readonly<Record<string, string>>) {
    const next = new URLSearchParams(search);
    for (const [name, value] of Object.entries(change)) {
      if (value === '') next.delete(name);
      else next.set(name, value);
    }
    if (next.toString() !== address) setSearch(next);
  }

  function submit(event?: FormEvent) {
    event?.preventDefault();
    if (form.current === null) return;
    const data = new FormData(form.current);
    const text = (name: string) => String(data.get(name) ?? '').trim();
    const find = text('find');
    apply({
      ...Object.fromEntries(texts.flatMap(([name]) => (name === 'find' ? [] : [[name, text(name)]]))),
      id: find.startsWith('evt_') ? '' : find,
      event: find.startsWith('evt_') ? find : '',
    });
  }

  const isNarrow = useNarrow();
  return (
    <details className="filters-box" open={!isNarrow || search.size > 0}>
      <summary>Filter</summary>
      <form
        ref={form}
        className="filters"
        role="search"
        aria-label="Filter the deliveries"
        onSubmit={submit}
        onFocus={() => setUsed(true)}
      >
        <fieldset className="choices">
          <legend>Status</legend>
          {statuses.map((status) => (
            <label key={status}>
              <input
                type="checkbox"
                checked={chosen.includes(status)}
                onChange={({ target }) => {
                  const next = statuses.filter((other) =>
                    other === status ? target.checked : chosen.includes(other),
                  );
                  apply({ status: next.join(',') });
                }}
              />
              {statusWord(status)}
            </label>
          ))}
        </fieldset>
        <div className="fields">
          {texts.map(([name, label, example]) => (
            <label key={name}>
              {label}
              <input
                name={name}
                placeholder={example}
                autoComplete="off"
                spellCheck={false}
                list={lists.find((one) => one === name)}
                onBlur={() => submit()}
              />
            </label>
          ))}
          <button type="submit">Filter</button>
          {search.size > 0 && (
            <button type="button" className="quiet" onClick={() => setSearch({})}>
              Clear
            </button>
          )}
        </div>
        {isUsed && <Choices />}
      </form>
    </details>
  );
}

/** What can be chosen in the fields. It is read once somebody uses the filter. */
function Choices() {
  const [{ data }] = useQuery({ query: FilterChoicesDocument });
  return (
    <>
      <datalist id="endpoint">
        {data?.endpoints.nodes.map(({ id, url, description }) => (
          <option key={id} value={id} label={description == null ? url : `${description}: ${url}`} />
        ))}
      </datalist>
      <datalist id="type">
        {data?.eventTypes.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}
