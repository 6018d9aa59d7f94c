import { Activity, useEffect, useMemo } from 'react';
import { Provider, useQuery } from 'urql';
import { Router } from 'wouter';
import { Problem } from '../parts/problem.tsx';
import { createApi } from './api.ts';
import { ConsoleViewerDocument } from './generated/graphql.ts';
import { useSession } from './session.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { ViewerContext } from './viewer.ts';
import { noteViewer } from './who.ts';

/**
 * The console, signed in or not. If the credential ends, what is open is hidden and at rest, with all that was typed,
 * until the same person signs in again. Anybody else begins anew at the same address.
 */
export function Console() {
  const { token, ended, number, isHeld } = useSession();
  const isSignedIn = token !== undefined;
  return (
    <>
      {!isSignedIn && <SignIn ended={ended} />}
      {(isSignedIn || isHeld) && (
        <Activity key={number} mode={isSignedIn ? 'visible' : 'hidden'}>
          <Router base="/console">
            <SignedIn />
          </Router>
        </Activity>
      )}
    </>
  );
}

function SignedIn() {
  const api = useMemo(createApi, []);
  return (
    <Provider value={api}>
      <WithViewer />
    </Provider>
  );
}

function WithViewer() {
  const [{ data, error }, retry] = useQuery({ query: ConsoleViewerDocument });
  useEffect(() => {
    if (data !== undefined) noteViewer(data.viewer);
  }, [data]);
  if (data === undefined && error !== undefined) {
    return (
      <main className="alone">
        <h1>Heliograph</h1>
        <Problem error={error} onRetry={() => retry({ requestPolicy: 'network-only' })} />
      </main>
    );
  }
  return (
    <ViewerContext value={data?.viewer}>
      <Shell />
    </ViewerContext>
  );
}
