import { type FormEvent, type ReactNode, useState } from 'react';
import type { Refusal } from './act.ts';
import { Refused } from './form.tsx';
import { Window } from './window.tsx';

/**
 * Asks before an action that cannot be undone. It shows the exact consequence. If `typed` is given, the button works only
 * after that text has been typed, so that it cannot happen by a slip.
 */
export function Confirm(
  props: Readonly<{
    title: string;
    act: string;
    isOpen: boolean;
    onClose: () => void;
    onConfirm: () => Promise<void>;
    isRunning: boolean;
    refusal: Refusal | undefined;
    typed?: string;
    isReady?: boolean;
    /** Whether it takes nothing away. */
    isHarmless?: boolean;
    children: ReactNode;
  }>,
) {
  const {
    title,
    act,
    isOpen,
    onClose,
    onConfirm,
    isRunning,
    refusal,
    typed,
    isReady = true,
    isHarmless = false,
    children,
  } = props;
  const [text, setText] = useState('');
  const isSure = isReady && (typed === undefined || text === typed);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (isSure && !isRunning) void onConfirm();
  }
  const change = (open: boolean) => {
    if (open) return;
    setText('');
    onClose();
  };
  return (
    <Window title={title} isOpen={isOpen} onOpenChange={change}>
      <form onSubmit={submit} className="confirm">
        {children}
        {typed !== undefined && (
          <label className="field">
            <span>
              Type <code>{typed}</code> to confirm
            </span>
            <input
              value={text}
              onChange={(event) => setText(event.target.value)}
              autoComplete="off"
              spellCheck={false}
            />
          </label>
        )}
        <Refused refusal={refusal} />
        <p className="acts">
          <button type="submit" className={isHarmless ? 'primary' : 'danger'} disabled={!isSure || isRunning}>
            {isRunning ? 'At work…' : act}
          </button>
          <button type="button" onClick={() => change(false)}>
            Leave it as it is
          </button>
        </p>
      </form>
    </Window>
  );
}
