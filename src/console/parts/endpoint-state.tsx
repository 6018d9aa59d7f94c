import { Shape, type ShapeName } from './shape.tsx';
import { Time } from './time.tsx';

type Name = 'ACTIVE' | 'PAUSED' | 'DISABLED' | 'UNVERIFIED' | 'RESTING';

const words: Readonly<Record<Name, string>> = {
  ACTIVE: 'Active',
  PAUSED: 'Paused',
  DISABLED: 'Disabled',
  UNVERIFIED: 'Unverified',
  RESTING: 'Resting',
};
const shapes: Readonly<Record<Name, ShapeName>> = {
  ACTIVE: 'full',
  PAUSED: 'bars',
  DISABLED: 'cross',
  UNVERIFIED: 'ring',
  RESTING: 'half',
};

type State = Readonly<{ name: Name; reason?: string | null | undefined; since?: string | null | undefined }>;

/** An endpoint's state by word, colour and shape, with its reason and beginning if there is space. */
export function EndpointStateBadge({ state, long = false }: Readonly<{ state: State; long?: boolean }>) {
  const { name, reason, since } = state;
  return (
    <span className={long ? 'state long' : 'state'}>
      <span className={`badge state-${name.toLowerCase()}`} title={reason ?? undefined}>
        <Shape name={shapes[name]} /> {words[name]}
      </span>
      {long && reason != null && <span className="state-reason">{reason}</span>}
      {since != null && (
        <span className="state-since">
          <Time at={since} />
        </span>
      )}
    </span>
  );
}
