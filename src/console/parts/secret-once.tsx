import { Copy } from './copy.tsx';

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
