import { AddressGuard } from '../../src/egress/address-guard.ts';
import { createSender, type Sender, type SenderOptions, type SendRequest } from '../../src/egress/send.ts';

/** The one loopback address that tests allow. 127.0.0.2 is therefore as forbidden as in production. */
const ALLOWED = ['127.0.0.1/32'] as const;

export const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

export function makeSender(
  options: Partial<SenderOptions> & { allow?: readonly string[] } = {},
): Sender & AsyncDisposable {
  const { allow = ALLOWED, ...rest } = options;
  const sender = createSender({
    guard: new AddressGuard(allow),
    requireHttps: false,
    maxResponseBytes: 65_536,
    keptResponseBytes: 4_096,
    ...rest,
  });
  return { ...sender, [Symbol.asyncDispose]: () => sender.close() };
}

export function hook(url: string, more: Partial<SendRequest> = {}): SendRequest {
  return {
    url,
    headers: () => ({ 'content-type': 'application/json' }),
    body: '{"type":"a"}',
    timeoutMs: 30_000,
    ...more,
  };
}
