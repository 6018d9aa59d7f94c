/**
 * The text that every attempt of an event sends: `{"type":…,"timestamp":…,"data":…}`. It contains the payload byte
 * for byte as it was published. So the payload is stored only here, and the API cuts it out of the text.
 */
type Envelope = Readonly<{ type: string; occurredAt: Date }>;

export function renderEventBody(event: Envelope & Readonly<{ payloadText: string }>): string {
  return `${opening(event)}${event.payloadText}}`;
}

/** The exact text of the payload. */
export function payloadTextOf(body: string, type: string, occurredAt: Date): string {
  const start = opening({ type, occurredAt });
  if (!body.startsWith(start) || !body.endsWith('}'))
    throw new Error('An event body does not match its event.');
  return body.slice(start.length, -1);
}

const opening = ({ type, occurredAt }: Envelope) =>
  `{"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(occurredAt.toISOString())},"data":`;
