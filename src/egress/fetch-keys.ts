import { Agent, request } from 'undici';
import { KeysUnavailableError } from '../errors.ts';

/** A key set has some kilobytes. */
const maxBytes = 1_048_576;
const defaultTimeoutMs = 5_000;

/**
 * GETs the key set of the issuer that the operator has configured, as parsed JSON. The address guard has no say here, since the URL
 * comes from no tenant and an issuer may well stand in the operator's own network; but no redirect is followed, no
 * compression is asked for, and a longer answer than 1 MiB is an error. Whatever is in the way, a timeout too, is a
 * KeysUnavailableError: the codes of the socket are those that stand for the database elsewhere.
 */
export async function fetchKeys(url: string, timeoutMs = defaultTimeoutMs): Promise<unknown> {
  const agent = new Agent({ maxResponseSize: maxBytes });
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: { accept: 'application/jwk-set+json, application/json' },
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (statusCode !== 200) throw new Error(`The issuer answered with status ${statusCode}.`);
    const keySet: unknown = JSON.parse(await body.text());
    return keySet;
  } catch (error) {
    throw new KeysUnavailableError(error);
  } finally {
    await agent.destroy();
  }
}
