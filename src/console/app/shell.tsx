import { use, useEffect } from 'react';
import { Link, Route, Switch, useLocation } from 'wouter';
import { signOut } from './session.ts';
import { forgetDocuments } from './used-documents.ts';
import { View } from './view.tsx';
import { ViewGraphQL } from './view-graphql.tsx';
import { ViewerContext } from './viewer.ts';
import { destinations, views } from './views.tsx';

/** The frame of every view: the navigation, who is signed in, and the GraphQL that the view used. */
export function Shell() {
  const [location] = useLocation();
  const viewer = use(ViewerContext);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path is another view.
  useEffect(() => forgetDocuments, [location]);
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" href="/">
          Heliograph
        </Link>
        <nav aria-label="Main">
          {destinations.map(({ path, name, needs }) => {
            if (needs !== undefined && viewer?.permissions.includes(needs) === false) return null;
            const isHere = path === '/' ? location === '/' : location.startsWith(path);
            return (
              <Link key={path} href={path} {...(isHere ? { 'aria-current': 'page' as const } : {})}>
                {name}
              </Link>
            );
          })}
        </nav>
        <div className="who">
          <span title={viewer?.permissions.join(', ').toLowerCase()}>
            {viewer?.tenant?.name ?? viewer?.label ?? ''}
          </span>
          <button type="button" className="quiet" onClick={() => signOut()}>
            Sign out
          </button>
        </div>
      </header>
      <main id="content" tabIndex={-1}>
        <Switch>
          {views.map(({ path, load }) => (
            <Route key={path} path={path}>
              <View load={load} />
            </Route>
          ))}
          <Route>
            <h1>There is nothing here</h1>
            <p>
              No view has this address. <Link href="/">Go to the start</Link>.
            </p>
          </Route>
        </Switch>
      </main>
      <footer className="bottom">
        <ViewGraphQL />
        <a href="/console/graphiql">GraphiQL</a>
        <a href="/docs">Documentation</a>
      </footer>
    </div>
  );
}
