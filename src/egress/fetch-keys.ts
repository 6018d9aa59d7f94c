import { Agent, request } from 'undici';
import { KeysUnavailableError } from '../errors.ts';

/** The most bytes of a key set. A usual one has a few kilobytes. */
const maxBytes = 1_048_576;
const defaultTimeoutMs = 5_000;

/**
 * GETs the key set of the issuer that the operator has configured, as parsed JSON. The address guard is not asked,
 * because the URL comes from the operator and the issuer may be in the operator's own network. But no redirect is
 * followed, no compression is requested, and an answer longer than 1 MiB is an error. Every failure, also a timeout, is
 * thrown as a KeysUnavailableError, because elsewhere the error codes of a socket mean that the database is away.
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
