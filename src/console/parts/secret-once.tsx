import { useState } from 'react';
import { Copy } from './copy.tsx';

const snippets = {
  Node: `import { Webhook } from 'standardwebhooks'; // npm install standardwebhooks

// body: the request's bytes as text, before anything has parsed them
// secret: whsec_…, from where you keep your secrets
new Webhook(secret).verify(body, request.headers);`,
  Python: `from standardwebhooks.webhooks import Webhook  # pip install standardwebhooks

# body: the request's bytes, before anything has parsed them
Webhook(os.environ["WEBHOOK_SECRET"]).verify(body, request.headers)`,
  Go: `import standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

// body: the request's bytes, before anything has parsed them
wh, err := standardwebhooks.NewWebhook(os.Getenv("WEBHOOK_SECRET"))
if err == nil { err = wh.Verify(body, r.Header) }`,
} as const;

type Language = keyof typeof snippets;
const languages = Object.keys(snippets) as Language[];

/** A secret, at the only time when it can be seen. */
export function SecretOnce({ secret, name }: Readonly<{ secret: string; name: string }>) {
  return (
    <div className="secret" role="status">
      <p>
        <strong>{name}</strong> It is shown now and never again: put it where your secrets are kept.
      </p>
      <p className="secret-line">
        <code className="secret-text">{secret}</code>
        <Copy text={secret} name="Copy the secret" />
      </p>
    </div>
  );
}

/** How a receiver verifies requests with the official libraries. */
export function VerificationSnippets() {
  const [language, setLanguage] = useState<Language>('Node');
  return (
    <section aria-label="Verify signatures">
      <fieldset className="segments">
        <legend>Verify signatures in your receiver</legend>
        {languages.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="language"
              checked={language === name}
              onChange={() => setLanguage(name)}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <pre className="code wrapped">{snippets[language]}</pre>
      <Copy text={snippets[language]} name="Copy the example" />
    </section>
  );
}
