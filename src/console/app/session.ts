import { useSyncExternalStore } from 'react';
import { forget, keep, recall } from './kept.ts';

/**
 * The credential of this tab. It lives in `sessionStorage` alone and ends with the tab; it comes in by the address's
 * fragment, which no server is sent, by a form or by single sign-on, and never stands in an address afterwards.
 */
export type Session = Readonly<{
  token: string | undefined;
  ended: string | undefined;
  /** The number of the sign-in. A renewed token, and a new one of the same person, have the same number. */
  number: number;
  /** Whether the credential has ended, and what is open waits for the same person's next one. */
  isHeld: boolean;
}>;

const kept = 'heliograph-token';
/** The refresh token of single sign-on. It belongs to the token, and is dropped with it. */
export const renewalName = 'heliograph-renewal';
const listeners = new Set<() => void>();
let session: Session = { token: begin(), ended: undefined, number: 0, isHeld: false };

function begin(): string | undefined {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get('token')?.trim();
  if (given === undefined || given === '') return recall(kept);
  forget(renewalName);
  keep(kept, given);
  history.replaceState(history.state, '', location.pathname + location.search);
  return given;
}

function change(next: Pick<Session, 'token' | 'ended'>, number = session.number + 1): void {
  session = { ...next, number, isHeld: next.token === undefined && number === session.number };
  for (const listener of listeners) listener();
}

// If a printed link is clicked while the console is open, only the fragment changes.
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) change({ token: begin(), ended: undefined });
});

export function signIn(token: string): void {
  forget(renewalName);
  keep(kept, token);
  change({ token, ended: undefined });
}

/** The same person continues with a fresh token, so nothing on the page is loaded again. */
export function renewToken(token: string): void {
  if (session.token === undefined) return;
  keep(kept, token);
  change({ token, ended: undefined }, session.number);
}

/** `why` is given if the credential has ended. It is shown where the person signs in again, to go on where they were. */
export function signOut(why?: string): void {
  if (session.token === undefined) return;
  forget(renewalName);
  forget(kept);
  if (why === undefined) change({ token: undefined, ended: undefined });
  else change({ token: undefined, ended: why }, session.number);
}

/** The person whose credential had ended goes on with another one. */
export function goOn(token: string): void {
  forget(renewalName);
  keep(kept, token);
  change({ token, ended: undefined }, session.number);
}

/** Shows why the sign-in failed. */
export function refuseSignIn(why: string): void {
  forget(kept);
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
