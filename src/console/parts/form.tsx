import { type ReactNode, useId } from 'react';
import type { Refusal } from './act.ts';

/** A labelled input with its hint and its problem, which screen readers read as well. */
export function Field(
  props: Readonly<{
    label: string;
    hint?: ReactNode;
    problem?: string | undefined;
    children: (input: { id: string; 'aria-describedby': string; 'aria-invalid': boolean }) => ReactNode;
  }>,
) {
  const { label, hint, problem, children } = props;
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': `${id}-hint ${id}-problem`,
        'aria-invalid': problem !== undefined,
      })}
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
      <p className="field-problem" id={`${id}-problem`} aria-live="polite">
        {problem}
      </p>
    </div>
  );
}

/** A field to choose one of some numbers, each shown by its words. */
export function ChoiceField(
  props: Readonly<{
    label: string;
    problem?: string | undefined;
    value: number;
    choices: readonly (readonly [value: number, words: string])[];
    onChange: (value: number) => void;
  }>,
) {
  const { label, problem, value, choices, onChange } = props;
  return (
    <Field label={label} problem={problem}>
      {(input) => (
        <select {...input} value={value} onChange={(event) => onChange(Number(event.target.value))}>
          {choices.map(([choice, words]) => (
            <option key={choice} value={choice}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** Why the whole input was refused. Issues that are shown at their fields are not repeated. */
export function Refused({
  refusal,
  fields = [],
}: Readonly<{ refusal: Refusal | undefined; fields?: readonly string[] }>) {
  if (refusal === undefined) return null;
  const others = refusal.issues?.filter(({ path }) => !fields.includes(path[0] ?? '')) ?? [];
  if (refusal.issues !== undefined && others.length === 0) return null;
  const text = others.length > 0 ? others.map(({ message }) => message).join(' ') : refusal.message;
  return (
    <div role="alert" className="problem">
      <p>{text}</p>
    </div>
  );
}
