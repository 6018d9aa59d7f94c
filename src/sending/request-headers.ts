import { createHmac } from 'node:crypto';
import { type SignedMessage, type SigningKey, signatureHeader } from '../signing/sign.ts';
import type { OwnHeader } from './sealed-headers.ts';
import { usualHeaderPrefix } from './sending.ts';

/**
 * The headers of a signed request to an endpoint, for attempts and handshakes. `own` are the headers that its owner
 * set; they never replace one of ours.
 */
export function requestHeaders(
  message: SignedMessage,
  options: {
    keys: readonly SigningKey[];
    userAgent: string;
    own: readonly OwnHeader[];
    headerPrefix: string | undefined;
    /** The headers that hand a trace on. */
    trace?: Readonly<Record<string, string>> | undefined;
  },
): Record<string, string> {
  const { own, trace } = options;
  const ours = ourHeaders(message, options);
  if (trace !== undefined) Object.assign(ours, trace);
  if (own.length === 0) return ours;
  // Without a prototype, so that any name is a header's.
  const headers: Record<string, string> = Object.create(null);
  for (const header of own) {
    if (trace === undefined || !traceNames.has(header.name.toLowerCase()))
      headers[header.name] = sentValue(header, message.body);
  }
  return Object.assign(headers, ours);
}

/** With names that are made at run time it takes several times as long, so those that nearly all have are written out. */
function ourHeaders(
  message: SignedMessage,
  options: { keys: readonly SigningKey[]; userAgent: string; headerPrefix: string | undefined },
): Record<string, string> {
  const { keys, userAgent, headerPrefix: prefix = usualHeaderPrefix } = options;
  const timestamp = String(message.timestamp);
  const signature = signatureHeader(keys, message);
  if (prefix === 'webhook-')
    return {
      'content-type': 'application/json',
      'user-agent': userAgent,
      'webhook-id': message.id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signature,
    };
  return {
    'content-type': 'application/json',
    'user-agent': userAgent,
    [`${prefix}id`]: message.id,
    [`${prefix}timestamp`]: timestamp,
    [`${prefix}signature`]: signature,
  };
}

/** An owner's header of such a name, from a time when it was allowed, gives way. */
const traceNames: ReadonlySet<string> = new Set(['traceparent', 'tracestate']);

/** The value to send. Many services signed in this way before there was a standard. */
const sentValue = ({ value, signsBody }: OwnHeader, body: string): string =>
  signsBody ? `sha256=${createHmac('sha256', value).update(body).digest('hex')}` : value;
