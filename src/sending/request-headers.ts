import { type SignedMessage, signatureHeader } from '../signing/sign.ts';
import { usualHeaderPrefix } from './sending.ts';

/**
 * The headers of a signed request to an endpoint, whether an attempt or a handshake. `own` are its owner's, which never
 * replace one of ours.
 */
export function requestHeaders(
  message: SignedMessage,
  options: {
    keys: readonly Buffer[];
    userAgent: string;
    own: readonly { name: string; value: string }[];
    headerPrefix: string | undefined;
  },
): Record<string, string> {
  const { keys, userAgent, own, headerPrefix: prefix = usualHeaderPrefix } = options;
  return {
    ...(own.length === 0 ? {} : Object.fromEntries(own.map(({ name, value }) => [name, value]))),
    'content-type': 'application/json',
    'user-agent': userAgent,
    [`${prefix}id`]: message.id,
    [`${prefix}timestamp`]: String(message.timestamp),
    [`${prefix}signature`]: signatureHeader(keys, message),
  };
}
