import { Shape, type ShapeName } from './shape.tsx';
import { Time } from './time.tsx';

type Name = 'OFF' | 'ACTIVE' | 'PAUSED' | 'DISABLED' | 'UNVERIFIED' | 'RESTING';

const words: Readonly<Record<Name, string>> = {
  OFF: 'Switched off',
  ACTIVE: 'Active',
  PAUSED: 'Paused',
  DISABLED: 'Disabled',
  UNVERIFIED: 'Unverified',
  RESTING: 'Resting',
};
const shapes: Readonly<Record<Name, ShapeName>> = {
  OFF: 'cross',
  ACTIVE: 'full',
  PAUSED: 'bars',
  DISABLED: 'cross',
  UNVERIFIED: 'ring',
  RESTING: 'half',
};

type State = Readonly<{
  name: Exclude<Name, 'OFF'>;
  reason?: string | null | undefined;
  since?: string | null | undefined;
}>;

/** An endpoint's state by word, colour and shape, with its reason and beginning if there is space. */
export function EndpointStateBadge(
  props: Readonly<{ state: State; pausedAt?: string | null | undefined; long?: boolean }>,
) {
  const { state, pausedAt, long = false } = props;
  const { reason, since } = state;
  // Who is paused keeps what comes; who was switched off misses it.
  const name: Name = state.name === 'PAUSED' && pausedAt === null ? 'OFF' : state.name;
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
