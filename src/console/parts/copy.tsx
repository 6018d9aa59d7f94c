import { useState } from 'react';

/** A button that copies a text and confirms it. */
export function Copy({ text, name = 'Copy' }: Readonly<{ text: string; name?: string }>) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setState('copied');
    } catch {
      setState('failed');
    }
    setTimeout(() => setState('ready'), 2_000);
  }
  return (
    <button type="button" className="quiet" onClick={() => void copy()}>
      {state === 'copied' ? 'Copied' : state === 'failed' ? 'Could not copy' : name}
    </button>
  );
}
