import { type FormEvent, useState } from 'react';
import { signIn } from './session.ts';

/** The page of whoever has no credential here. What is pasted is tried by the first view. */
export function SignIn({ ended }: Readonly<{ ended: string | undefined }>) {
  const [isEmpty, setEmpty] = useState(false);
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const typed = new FormData(event.currentTarget).get('token');
    const token = typeof typed === 'string' ? typed.trim().replace(/^bearer\s+/i, '') : '';
    setEmpty(token === '');
    if (token !== '') signIn(token);
  }
  return (
    <main className="alone">
      <h1>Sign in</h1>
      {ended !== undefined && (
        <p role="alert" className="problem">
          {ended}
        </p>
      )}
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
