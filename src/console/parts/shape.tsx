const paths = {
  full: 'M6 1a5 5 0 1 1 0 10A5 5 0 1 1 6 1Z',
  bars: 'M2 1h3v10H2ZM7 1h3v10H7Z',
  cross: 'M2.4 1 6 4.6 9.6 1 11 2.4 7.4 6 11 9.6 9.6 11 6 7.4 2.4 11 1 9.6 4.6 6 1 2.4Z',
  ring: 'M6 1a5 5 0 1 1 0 10A5 5 0 1 1 6 1Zm0 1.8a3.2 3.2 0 1 0 0 6.4 3.2 3.2 0 1 0 0-6.4Z',
  half: 'M6 1a5 5 0 1 1 0 10A5 5 0 1 1 6 1Zm0 1.8a3.2 3.2 0 1 0 0 6.4Z',
  tick: 'M1.4 6.2 2.9 4.7 5 6.8 9.6 2.2 11 3.7 5 9.8Z',
  square: 'M1.5 1.5h9v9h-9Z',
  again: 'M6 1a5 5 0 1 1-4.6 3l1.7.7A3.2 3.2 0 1 0 6 2.8V5L2.6 2 6-1Z',
} as const;

export type ShapeName = keyof typeof paths;

/** A drawn mark beside a word, which needs no font. */
export function Shape({ name }: Readonly<{ name: ShapeName }>) {
  return (
    <svg className="shape" viewBox="0 0 12 12" aria-hidden="true">
      <path d={paths[name]} fillRule="evenodd" />
    </svg>
  );
}
