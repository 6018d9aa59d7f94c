import { Link, useLocation, useSearch } from 'wouter';

/** Pages by cursor. The address contains the cursor, so back, forward and a shared link show the same page. */
export function Pages(
  props: Readonly<{ name: string; endCursor: string | null | undefined; hasNextPage: boolean }>,
) {
  const { name, endCursor, hasNextPage } = props;
  const [path] = useLocation();
  const asked = new URLSearchParams(useSearch());
  const isLater = asked.has('after');
  if (!isLater && !hasNextPage) return null;
  const at = (after: string | undefined) => {
    const next = new URLSearchParams(asked);
    if (after === undefined) next.delete('after');
    else next.set('after', after);
    const text = next.toString();
    return text === '' ? path : `${path}?${text}`;
  };
  return (
    <nav className="pages" aria-label={`Pages of ${name}`}>
      {isLater && <Link href={at(undefined)}>Newest</Link>}
      {hasNextPage && endCursor != null && <Link href={at(endCursor)}>Older</Link>}
    </nav>
  );
}

/** The page in the address. */
export function useAsked(name: string): string | undefined {
  const value = new URLSearchParams(useSearch()).get(name);
  return value === null || value === '' ? undefined : value;
}
