import { Agent, request } from 'undici';

/** A key set has some kilobytes. */
const maxBytes = 1_048_576;

/**
 * GETs the key set of the issuer that the operator has configured. The address guard has no say here, since the URL
 * comes from no tenant and an issuer may well stand in the operator's own network; but no redirect is followed, no
 * compression is asked for, and a longer answer than 1 MiB is an error.
 */
export async function fetchKeys(
  url: string,
  { headers, signal }: Readonly<{ headers: Headers; signal: AbortSignal }>,
): Promise<Response> {
  const agent = new Agent({ maxResponseSize: maxBytes });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: Object.fromEntries(headers),
      signal,
    });
    return new Response(await body.text(), { status: statusCode });
  } finally {
    await agent.destroy();
  }
}
