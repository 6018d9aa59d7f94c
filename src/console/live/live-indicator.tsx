import { Shape } from '../parts/shape.tsx';
import type { ViewState } from './live-deliveries.ts';

const shapes = {
  paused: 'bars',
  live: 'full',
  'catching up': 'half',
  reconnecting: 'ring',
  still: 'bars',
} as const;

/** The state of the view in the log. It says Live only if nothing is known to be missing. */
export function LiveIndicator(
  props: Readonly<{ state: ViewState; position: number; isPaused?: boolean; onPause?: () => void }>,
) {
  const { state, position, isPaused = false, onPause } = props;
  const kind = isPaused ? 'paused' : state;
  const text = {
    paused: `Paused at ${position}`,
    live: `Live at ${position}`,
    'catching up': `Catching up at ${position}`,
    reconnecting: 'Reconnecting',
    still: `Read at ${position}, not live`,
  }[kind];
  return (
    <span className="live">
      <span role="status" aria-live="off" className={`indicator indicator-${kind.replace(' ', '-')}`}>
        <Shape name={shapes[kind]} />
        {text}
      </span>
      {onPause !== undefined && (
        <button type="button" onClick={onPause}>
          {isPaused ? 'Go on' : 'Pause'}
        </button>
      )}
    </span>
  );
}
