import type { IncomingHttpHeaders } from 'node:http';
import { HttpRefusal } from '../http/http-refusal.ts';
import { isUtf8 } from './accept.ts';

/**
 * The body of a POST must be uncompressed JSON in UTF-8. Throws 415 for anything else, which would otherwise be
 * reported as broken or be altered. A page's form cannot send this content type, so this also prevents forged
 * requests.
 */
export function refuseBodyFormat(headers: IncomingHttpHeaders): void {
  const contentType = headers['content-type'] ?? '';
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  if (!/^application\/(graphql\+)?json$/i.test(type)) {
    throw new HttpRefusal(415, 'A POST to /graphql must have the content-type application/json.', {
      'accept-post': 'application/json',
    });
  }
  for (const parameter of parameters) {
    const [, charset] = /^charset\s*=(.*)$/i.exec(parameter) ?? [];
    if (charset !== undefined && !isUtf8(charset)) {
      throw new HttpRefusal(
        415,
        'The body of a POST to /graphql must be UTF-8. Leave `charset` out, or set it to utf-8.',
      );
    }
  }
  const encoding = headers['content-encoding']?.trim() ?? '';
  if (encoding !== '' && encoding.toLowerCase() !== 'identity') {
    throw new HttpRefusal(
      415,
      'The body of a POST to /graphql must not be compressed. Send it without `content-encoding`.',
      {
        'accept-encoding': 'identity',
      },
    );
  }
}
