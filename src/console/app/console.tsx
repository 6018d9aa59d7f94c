import { useMemo } from 'react';
import { Provider, useQuery } from 'urql';
import { Router } from 'wouter';
import { Problem } from '../parts/problem.tsx';
import { createApi } from './api.ts';
import { ConsoleViewerDocument } from './generated/graphql.ts';
import { useSession } from './session.ts';
import { Shell } from './shell.tsx';
import { SignIn } from './sign-in.tsx';
import { ViewerContext } from './viewer.ts';

/** The console, signed in or not. A person who signs in again returns to the address where the session ended. */
export function Console() {
  const { token, ended, number } = useSession();
  if (token === undefined) return <SignIn ended={ended} />;
  return (
    <Router base="/console">
      <SignedIn key={number} />
    </Router>
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
