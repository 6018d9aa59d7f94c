import { Component, type ComponentType, type ReactNode, useEffect, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { Problem } from '../parts/problem.tsx';
import { Skeleton } from '../parts/skeleton.tsx';

export type LoadView = () => Promise<{ default: ComponentType }>;

const loaded = new Map<LoadView, ComponentType>();

/**
 * A view, which is loaded when it is first opened. React's `lazy` would do the same, but React then shows a placeholder
 * for at least 300 ms, even if the view is there after ten.
 */
export function View({ load }: Readonly<{ load: LoadView }>) {
  const [Found, setFound] = useState(() => loaded.get(load));
  const [isMissing, setMissing] = useState(false);
  const [path] = useLocation();
  const search = useSearch();
  useEffect(() => {
    let isLeft = false;
    load().then(
      ({ default: view }) => {
        loaded.set(load, view);
        if (!isLeft) setFound(() => view);
      },
      () => {
        if (!isLeft) setMissing(true);
      },
    );
    return () => {
      isLeft = true;
    };
  }, [load]);
  if (Found !== undefined) {
    return (
      <Guarded at={`${path}?${search}`}>
        <Found />
      </Guarded>
    );
  }
  if (isMissing) {
    return (
      <Broken words="This view cannot be loaded. The server may be starting again, or it has a newer console." />
    );
  }
  return <Skeleton lines={8} />;
}

/** Keeps the rest of the page if a view throws. At another address the view is tried again. */
class Guarded extends Component<Readonly<{ at: string; children: ReactNode }>, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  override componentDidUpdate({ at }: Readonly<{ at: string }>) {
    if (this.state.hasFailed && at !== this.props.at) this.setState({ hasFailed: false });
  }

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return <Broken words="This view has stopped because of an error in the console." />;
  }
}

function Broken({ words }: Readonly<{ words: string }>) {
  return (
    <>
      <h1>Something is missing</h1>
      <Problem error={words} />
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </>
  );
}
