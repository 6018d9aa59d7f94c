import { useState } from 'react';
import { Copy } from './copy.tsx';

/** With the official libraries. */
const withSecret = {
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

/** With what the languages bring along, because few of the libraries know public keys. */
const withPublicKey = {
  Node: `import { createPublicKey, verify } from 'node:crypto';

// publicKey: whpk_…, body: the request's bytes as text, before anything has parsed them
const x = Buffer.from(publicKey.slice('whpk_'.length), 'base64').toString('base64url');
const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x } });
const signed = Buffer.from(\`\${headers['webhook-id']}.\${headers['webhook-timestamp']}.\${body}\`);
const isGenuine = headers['webhook-signature'].split(' ').some((entry) => {
  const [version, signature] = entry.split(',');
  return version === 'v1a' && verify(null, signed, key, Buffer.from(signature, 'base64'));
});
// Refuse a timestamp that is more than five minutes away.`,
  Python: `from base64 import b64decode
from cryptography.exceptions import InvalidSignature  # pip install cryptography
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# public_key: whpk_…, body: the request's bytes, before anything has parsed them
key = Ed25519PublicKey.from_public_bytes(b64decode(public_key.removeprefix("whpk_")))
signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body

def verifies(entry):
    version, _, signature = entry.partition(",")
    try:
        return version == "v1a" and key.verify(b64decode(signature), signed) is None
    except InvalidSignature:
        return False

is_genuine = any(verifies(entry) for entry in headers["webhook-signature"].split())
# Refuse a timestamp that is more than five minutes away.`,
  Go: `// publicKey: whpk_…, body: the request's bytes, before anything has parsed them
key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(publicKey, "whpk_"))
signed := append([]byte(r.Header.Get("webhook-id")+"."+r.Header.Get("webhook-timestamp")+"."), body...)
genuine := false
for _, entry := range strings.Fields(r.Header.Get("webhook-signature")) {
	version, text, _ := strings.Cut(entry, ",")
	signature, _ := base64.StdEncoding.DecodeString(text)
	if err == nil && version == "v1a" && ed25519.Verify(key, signed, signature) { genuine = true }
}
// Refuse a timestamp that is more than five minutes away.`,
} as const;

type Language = keyof typeof withSecret;
const languages = Object.keys(withSecret) as Language[];

/** A public key. It is no secret, and can be looked up at any time. */
export function PublicKey({ text }: Readonly<{ text: string }>) {
  return (
    <p className="secret-line">
      <code className="secret-text">{text}</code>
      <Copy text={text} name="Copy the public key" />
    </p>
  );
}

/** How a receiver verifies requests by the secret, or by the public key. */
export function VerificationSnippets({ isKeyPair = false }: Readonly<{ isKeyPair?: boolean }>) {
  const snippets = isKeyPair ? withPublicKey : withSecret;
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
