import { use, useEffect, useRef } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { signOut } from './session.ts';
import { forgetDocuments } from './used-documents.ts';
import { View } from './view.tsx';
import { ViewGraphQL } from './view-graphql.tsx';
import { ViewerContext } from './viewer.ts';
import { destinations, views } from './views.tsx';

/** The part of the neighbour that stays in sight, to show that there are more. */
const nearbyPx = 60;

/** The frame of every view: the navigation, who is signed in, and the GraphQL that the view used. */
export function Shell() {
  const [location] = useLocation();
  const viewer = use(ViewerContext);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path is another view.
  useEffect(() => forgetDocuments, [location]);
  useArrival(location);
  const navigation = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: where the navigation is too wide, it shows where one is.
  useEffect(() => {
    const here = navigation.current?.querySelector('[aria-current]');
    if (navigation.current === null || !(here instanceof HTMLElement)) return;
    navigation.current.scrollLeft = here.offsetLeft - navigation.current.offsetLeft - nearbyPx;
  }, [location, viewer]);
  const may = ({ needs }: (typeof destinations)[number]) =>
    needs === undefined || viewer?.permissions.includes(needs) !== false;
  const start = destinations.find(may)?.path ?? '/';
  return (
    <div className="shell">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="top">
        <Link className="brand" href="/">
          Heliograph
        </Link>
        <nav aria-label="Main" ref={navigation}>
          {destinations.filter(may).map(({ path, name }) => {
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
        {location === '/' && start !== '/' && <Redirect to={start} replace />}
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

/**
 * Another view begins at its top, unless the browser goes back or forward and knows the place itself. If what had the
 * focus went away with the last view, the focus goes on in the new one, and not at the start of the page.
 */
function useArrival(path: string) {
  const last = useRef(path);
  const isLink = useRef(false);
  useEffect(() => {
    const note = () => {
      isLink.current = true;
    };
    addEventListener('pushState', note);
    return () => removeEventListener('pushState', note);
  }, []);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    if (isLink.current) scrollTo(0, 0);
    isLink.current = false;
    if (document.activeElement === document.body) {
      document.getElementById('content')?.focus({ preventScroll: true });
    }
  }, [path]);
}
