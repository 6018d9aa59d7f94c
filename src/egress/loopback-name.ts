/** The addresses of `localhost`, in the order in which they are dialled. No name server is ever asked for it. */
export const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1'] as const;

/** `localhost` and every name below it (RFC 6761, section 6.3). */
export function isLoopbackName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost');
}
