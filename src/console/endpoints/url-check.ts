/** The problem of a URL that is being typed; undefined if there is none. The server decides in the end. */
export function urlProblem(typed: string): string | undefined {
  const text = typed.trim();
  if (text === '') return undefined;
  if (/^https?:?\/?\/?$/i.test(text)) return undefined;
  if (!/^https?:\/\//i.test(text)) return 'It begins with https:// (or http:// for a test).';
  if (!URL.canParse(text)) return 'This is not a whole URL yet: https://example.com/webhooks';
  const { username, password, hash } = new URL(text);
  if (username !== '' || password !== '') return 'Put no user name or password into the URL.';
  if (hash !== '') return 'Leave out what follows #: it is never sent.';
  return undefined;
}

export const isWholeUrl = (typed: string): boolean =>
  urlProblem(typed) === undefined && URL.canParse(typed.trim()) && /^https?:\/\/[^/]/i.test(typed.trim());
