import { encodeId } from '../ids.ts';
import type { Mail } from '../mail.ts';
import { type Announcement, urlWithoutSecrets } from './announce.ts';

/** The mail about an event of an endpoint. Undefined if the event is not told by mail. */
export function mailOf({ type, endpoint, occurredAt, data }: Announcement): Omit<Mail, 'to'> | undefined {
  const url = urlWithoutSecrets(endpoint.url);
  const about = [
    `Endpoint: ${encodeId('Endpoint', endpoint.id)}`,
    `URL: ${url}`,
    `Time: ${occurredAt.toISOString()}`,
  ];
  switch (type) {
    case 'endpoint.failing': {
      const why =
        data.reason === 'EXHAUSTED'
          ? 'A delivery to it has used up all its attempts.'
          : 'All attempts to send to it have failed for ten minutes.';
      return mail(`Endpoint fails: ${url}`, [why, 'You get a mail when it accepts deliveries again.'], about);
    }
    case 'endpoint.recovered':
      return mail(
        `Endpoint works again: ${url}`,
        ['It accepts deliveries again.', 'Deliveries that failed can be sent again with recoverEndpoint.'],
        about,
      );
    case 'endpoint.disabled': {
      const why =
        data.reason === 'GONE'
          ? 'Its receiver answered with status 410, which means that it wants no more deliveries.'
          : 'All attempts to send to it had failed for five days.';
      return mail(
        `Endpoint disabled: ${url}`,
        [why, 'Nothing is sent to it until it is activated again.'],
        about,
      );
    }
    case 'delivery.dead_lettered':
      return undefined;
  }
}

/** A line has at most 998 characters (RFC 5322, section 2.1.1), and a word such as a URL cannot be folded. */
const maxSubjectChars = 300;

const mail = (subject: string, sentences: readonly string[], about: readonly string[]): Omit<Mail, 'to'> => ({
  subject: subject.length <= maxSubjectChars ? subject : `${subject.slice(0, maxSubjectChars)} ...`,
  text: [...sentences, '', ...about, ''].join('\n'),
});
