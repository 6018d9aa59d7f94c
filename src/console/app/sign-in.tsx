import { type FormEvent, useState } from 'react';
import { beginSignIn, type Provider, provider } from './single-sign-on.ts';
import { signInAs } from './who.ts';

/** The page for a person without a credential. The first view tries what was pasted. */
export function SignIn({ ended }: Readonly<{ ended: string | undefined }>) {
  const [isEmpty, setEmpty] = useState(false);
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const typed = new FormData(event.currentTarget).get('token');
    const token = typeof typed === 'string' ? typed.trim().replace(/^bearer\s+/i, '') : '';
    setEmpty(token === '');
    if (token !== '') void signInAs(token);
  }
  return (
    <main className="alone">
      <h1>Sign in</h1>
      {ended !== undefined && (
        <p role="alert" className="problem">
          {ended}
        </p>
      )}
      {provider !== undefined && <WithProvider provider={provider} />}
      <p>
        This is the console of Heliograph. It needs a token of your issuer, or an API key (<code>hgk_…</code>
        ). It is kept for as long as this tab is open, and nowhere else.
      </p>
      <form onSubmit={submit}>
        <label>
          Token or API key
          <input name="token" type="password" autoComplete="off" spellCheck={false} aria-invalid={isEmpty} />
        </label>
        {isEmpty && (
          <p role="alert" className="problem">
            Paste a token or an API key.
          </p>
        )}
        <button type="submit" className="primary">
          Sign in
        </button>
      </form>
      <p className="hint">
        Where you started the server yourself, open the link after <code>Console:</code> that it printed.
      </p>
    </main>
  );
}

function WithProvider({ provider: from }: Readonly<{ provider: Provider }>) {
  const [problem, setProblem] = useState<string>();
  const [isLeaving, setLeaving] = useState(false);
  async function leave() {
    setLeaving(true);
    setProblem(undefined);
    try {
      await beginSignIn(from);
    } catch (error) {
      setLeaving(false);
      setProblem(
        `${new URL(from.issuer).host} cannot be asked: ${error instanceof Error ? error.message : 'no answer'}`,
      );
    }
  }
  return (
    <section aria-label="Single sign-on">
      <p>
        <button type="button" className="primary" disabled={isLeaving} onClick={() => void leave()}>
          Sign in with {new URL(from.issuer).host}
        </button>
      </p>
      {problem !== undefined && (
        <p role="alert" className="problem">
          {problem}
        </p>
      )}
    </section>
  );
}
