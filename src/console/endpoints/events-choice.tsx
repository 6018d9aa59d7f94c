import { useId, useState } from 'react';
import { useQuery } from 'urql';
import { EndpointCatalogueDocument } from './generated/graphql.ts';

type Type = Readonly<{ name: string; category: string; description: string }>;

/** The event types of the catalogue that match an entry. */
export function matchesOf(entry: string, types: readonly Type[]): readonly Type[] {
  if (entry === '*') return types;
  if (entry.endsWith('.*')) return types.filter(({ category }) => `${category}.*` === entry);
  return types.filter(({ name }) => name === entry);
}

/** A choice of event types from the catalogue: all, whole categories, or one by one. It shows the types that match. */
export function EventsChoice(
  props: Readonly<{
    chosen: readonly string[];
    onChange: (chosen: readonly string[]) => void;
    problem: string | undefined;
  }>,
) {
  const { chosen, onChange, problem } = props;
  const [{ data }] = useQuery({ query: EndpointCatalogueDocument });
  const [search, setSearch] = useState('');
  const id = useId();
  const types = data?.eventTypes ?? [];
  const wanted = search.trim().toLowerCase();
  const isShown = ({ name, description }: Type) => `${name} ${description}`.toLowerCase().includes(wanted);
  const categories = [...new Set(types.map(({ category }) => category))];
  const toggle = (entry: string) =>
    onChange(chosen.includes(entry) ? chosen.filter((other) => other !== entry) : [...chosen, entry]);
  const covered = new Set(chosen.flatMap((entry) => matchesOf(entry, types).map(({ name }) => name)));

  const box = (entry: string, label: string, note?: string, isCovered = false) => (
    <label key={entry} className="choice">
      <input
        type="checkbox"
        checked={chosen.includes(entry) || isCovered}
        disabled={isCovered}
        onChange={() => toggle(entry)}
      />
      <span>
        <code>{label}</code>
        {note !== undefined && <span className="note">{note}</span>}
      </span>
    </label>
  );

  return (
    <fieldset className="events-choice" aria-describedby={`${id}-preview ${id}-problem`}>
      <legend>Which events</legend>
      {types.length > 12 && (
        <input
          type="search"
          aria-label="Search event types"
          placeholder="Search event types"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      <div className="choices">
        {box('*', '*', `all ${types.length} types, and those to come`)}
        {categories.map((category) => {
          const inside = types.filter((type) => type.category === category);
          const shown = inside.filter(isShown);
          if (shown.length === 0) return null;
          const all = `${category}.*`;
          const isAll = chosen.includes('*');
          const isWhole = isAll || chosen.includes(all);
          return (
            <div key={category} className="category">
              {inside.length > 1 && box(all, all, `matches ${inside.length} types, and those to come`, isAll)}
              {shown.map(({ name, description }) => box(name, name, description, isWhole))}
            </div>
          );
        })}
      </div>
      <p className="hint" id={`${id}-preview`} aria-live="polite">
        {chosen.length === 0
          ? 'Choose at least one.'
          : `${chosen.map((entry) => `${entry} matches ${matchesOf(entry, types).length}`).join(' · ')}. ${covered.size} of ${types.length} types in all.`}
      </p>
      <p className="field-problem" id={`${id}-problem`} aria-live="polite">
        {problem}
      </p>
    </fieldset>
  );
}
