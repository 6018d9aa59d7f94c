import type { ReactNode } from 'react';

/** The title of a list, the number of its records once that is known, and its acts. */
export function ViewHead(
  props: Readonly<{ title: string; count: number | undefined; children?: ReactNode }>,
) {
  const { title, count, children } = props;
  return (
    <div className="view-head">
      <title>{`${title} · Heliograph`}</title>
      <h1>{title}</h1>
      {count !== undefined && <span className="count">{count.toLocaleString('en')}</span>}
      {children}
    </div>
  );
}
