import { Copy } from '../parts/copy.tsx';
import { Text } from '../parts/payload.tsx';
import { PublicKey, VerificationSnippets } from '../parts/verification.tsx';

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * A command that sends the same request once more, from wherever it is run: it signs it anew with the secret in `SECRET`,
 * because nobody is shown the secret here.
 */
export function curlOf(
  delivery: Readonly<{ url: string; eventId: string; body: string; headerPrefix: string }>,
): string {
  const { url, eventId, body, headerPrefix } = delivery;
  return `SECRET='whsec_…'   # of the endpoint, from where you keep your secrets
BODY=${quoted(body)}
TIME=$(date +%s)
KEY=$(printf %s "\${SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf %s "${eventId}.$TIME.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl -i ${quoted(url)} \\
  -H 'content-type: application/json' \\
  -H '${headerPrefix}id: ${eventId}' \\
  -H "${headerPrefix}timestamp: $TIME" \\
  -H "${headerPrefix}signature: v1,$SIGNATURE" \\
  --data-raw "$BODY"`;
}

/** For the developer of the receiver: the request as a command, and how to verify its signature. */
export function ByHand({
  publicKey,
  ...props
}: Parameters<typeof curlOf>[0] & Readonly<{ publicKey: string | null }>) {
  const command = curlOf(props);
  return (
    <section aria-label="By hand">
      <h2>By hand</h2>
      <details>
        <summary>The same request with curl</summary>
        {publicKey === null ? (
          <>
            <Text name="The request with curl" text={command} />
            <Copy text={command} name="Copy as curl" />
          </>
        ) : (
          <p>
            Only Heliograph has the private key of this endpoint, so the request cannot be made by hand. Send
            it again by a replay.
          </p>
        )}
      </details>
      <details>
        <summary>Verify this signature</summary>
        {publicKey !== null && <PublicKey text={publicKey} />}
        <VerificationSnippets isKeyPair={publicKey !== null} />
      </details>
    </section>
  );
}
