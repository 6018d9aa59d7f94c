import { use } from 'react';
import { ViewerContext } from '../app/viewer.ts';
import type { Permission } from './generated/graphql.ts';

const ofThePlatform: readonly string[] = ['MANAGE_TENANTS', 'MANAGE_EVENT_TYPES'];

/** The permissions that the viewer can give to a key or a link: its own, except those of the platform. */
export const useMayGive = (): readonly Permission[] =>
  use(ViewerContext)?.permissions.filter((name) => !ofThePlatform.includes(name)) ?? [];

/** Which permissions a new credential has. */
export function PermissionChoice(
  props: Readonly<{
    mayGive: readonly Permission[];
    chosen: readonly string[];
    onChange: (chosen: readonly string[]) => void;
    problem: string | undefined;
  }>,
) {
  const { mayGive, chosen, onChange, problem } = props;
  const toggle = (name: Permission) =>
    chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name];
  return (
    <fieldset>
      <legend>What it may do</legend>
      {mayGive.map((permission) => (
        <label key={permission} className="choice">
          <input
            type="checkbox"
            checked={chosen.includes(permission)}
            onChange={() => onChange(toggle(permission))}
          />
          <code>{permission.toLowerCase()}</code>
        </label>
      ))}
      <p className="field-problem" aria-live="polite">
        {problem}
      </p>
    </fieldset>
  );
}
