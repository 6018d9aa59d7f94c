import { useSyncExternalStore } from 'react';

/**
 * The credential of this tab. It lives in `sessionStorage` alone and ends with the tab; it comes in by the address's
 * fragment, which no server is sent, or by a form, and never stands in an address afterwards.
 */
export type Session = Readonly<{ token: string | undefined; ended: string | undefined }>;

const kept = 'heliograph-token';
const listeners = new Set<() => void>();
let session: Session = { token: begin(), ended: undefined };

function begin(): string | undefined {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get('token')?.trim();
  if (given === undefined || given === '') return sessionStorage.getItem(kept) ?? undefined;
  sessionStorage.setItem(kept, given);
  history.replaceState(history.state, '', location.pathname + location.search);
  return given;
}

function change(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

// A printed link that is clicked while the console is open changes the fragment alone.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) change({ token: begin(), ended: undefined });
});

export function signIn(token: string): void {
  sessionStorage.setItem(kept, token);
  change({ token, ended: undefined });
}

/** `why` is told where the person signs in again. */
export function signOut(why?: string): void {
  if (session.token === undefined) return;
  sessionStorage.removeItem(kept);
  change({ token: undefined, ended: why });
}

export const currentToken = (): string | undefined => session.token;

export const useSession = (): Session =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => session,
  );
