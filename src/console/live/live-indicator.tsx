import type { LogState } from '../../client/log.ts';

/** Where the view stands in the log. It says Live only where nothing is known to be missing. */
export function LiveIndicator(
  props: Readonly<{ state: LogState; position: number; isPaused: boolean; onPause: () => void }>,
) {
  const { state, position, isPaused, onPause } = props;
  const kind = isPaused ? 'paused' : state;
  const text = {
    paused: `Paused at ${position}`,
    live: `Live at ${position}`,
    'catching up': `Catching up at ${position}`,
    reconnecting: 'Reconnecting',
  }[kind];
  return (
    <span className="live">
      <span role="status" aria-live="off" className={`indicator indicator-${kind.replace(' ', '-')}`}>
        {text}
      </span>
      <button type="button" onClick={onPause}>
        {isPaused ? 'Go on' : 'Pause'}
      </button>
    </span>
  );
}
