import { OperationTypeNode } from 'graphql';

/** The media types that /graphql can answer with. */
export type MediaType =
  | 'application/json'
  | 'application/graphql-response+json'
  | 'text/event-stream'
  | 'multipart/mixed';

/** In the order of preference for a range that matches all of them. */
const answersOf: Record<OperationTypeNode, readonly MediaType[]> = {
  [OperationTypeNode.QUERY]: ['application/json', 'application/graphql-response+json', 'text/event-stream'],
  [OperationTypeNode.MUTATION]: [
    'application/json',
    'application/graphql-response+json',
    'text/event-stream',
  ],
  [OperationTypeNode.SUBSCRIPTION]: ['text/event-stream', 'multipart/mixed'],
};

type Range = Readonly<{ type: string; parameters: ReadonlyMap<string, string>; quality: number }>;

/**
 * The media type of an operation's answer: among the possible ones the one that the client prefers, and among equals
 * the one that it names first. Undefined if it accepts none of them.
 */
export function chooseMediaType(
  accept: string | undefined,
  operation: OperationTypeNode,
): MediaType | undefined {
  const ranges = rangesOf(accept);
  let best: { mediaType: MediaType; quality: number; place: number } | undefined;
  for (const mediaType of answersOf[operation]) {
    const place = placeOf(mediaType, ranges);
    const quality = ranges[place]?.quality ?? 0;
    if (quality === 0) continue;
    if (best === undefined || quality > best.quality || (quality === best.quality && place < best.place)) {
      best = { mediaType, quality, place };
    }
  }
  return best?.mediaType;
}

/** Whether any operation could be answered. If not, the rest of the request need not be read. */
export const acceptsAnything = (accept: string | undefined): boolean =>
  Object.values(OperationTypeNode).some((operation) => chooseMediaType(accept, operation) !== undefined);

/** Explains what would be accepted. */
export function notAcceptable(operation?: OperationTypeNode): string {
  const subscription = 'text/event-stream or multipart/mixed;subscriptionSpec=1.0';
  const others = 'application/json, application/graphql-response+json or text/event-stream';
  if (operation === OperationTypeNode.SUBSCRIPTION) {
    return `A subscription is answered as ${subscription}, but \`accept\` allows neither. Nothing was opened.`;
  }
  if (operation !== undefined) {
    return `A ${operation} is answered as ${others}, but \`accept\` allows none of them. Nothing was executed.`;
  }
  return `\`accept\` allows no supported media type: queries and mutations are answered as ${others}, subscriptions as ${subscription}. Nothing was executed.`;
}

/** The range that decides about a media type: the most specific one that matches it (RFC 9110, section 12.5.1). */
function placeOf(mediaType: MediaType, ranges: readonly Range[]): number {
  const [group] = mediaType.split('/');
  const exact = ranges.findIndex((range) => range.type === mediaType && isSpoken(range));
  if (exact !== -1) return exact;
  // Only its parameter tells what the parts of `multipart/mixed` hold, so it must be requested by name.
  if (mediaType === 'multipart/mixed') return -1;
  const ofGroup = ranges.findIndex(({ type }) => type === `${group}/*`);
  return ofGroup === -1 ? ranges.findIndex(({ type }) => type === '*/*') : ofGroup;
}

/** Multipart is Apollo's protocol for subscriptions over HTTP, and the charset of every type is UTF-8. */
function isSpoken({ type, parameters }: Range): boolean {
  const charset = parameters.get('charset');
  if (charset !== undefined && !isUtf8(charset)) return false;
  return type !== 'multipart/mixed' || /^1(\.0)?$/.test(parameters.get('subscriptionspec') ?? '');
}

/** Compares without regard to case and quotes. */
export const isUtf8 = (charset: string): boolean => /^"?utf-?8"?$/i.test(charset.trim());

function rangesOf(accept: string | undefined): Range[] {
  const text = accept?.trim() ?? '';
  // A header without a value counts as missing.
  if (text === '') return [{ type: '*/*', parameters: new Map(), quality: 1 }];
  return splitOutsideQuotes(text, ',').flatMap((part) => {
    const [type = '', ...parameters] = splitOutsideQuotes(part, ';').map((piece) => piece.trim());
    if (type === '') return [];
    const byName = new Map(parameters.map(parameterOf));
    return [{ type: type.toLowerCase(), parameters: byName, quality: qualityOf(byName.get('q')) }];
  });
}

function parameterOf(text: string): [string, string] {
  const [name = '', ...value] = text.split('=');
  return [
    name.trim().toLowerCase(),
    value
      .join('=')
      .trim()
      .replace(/^"(.*)"$/, '$1'),
  ];
}

/** An invalid weight counts as the default. */
function qualityOf(text: string | undefined): number {
  return text !== undefined && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}

/** A quoted boundary may contain commas and semicolons. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): string[] {
  const parts: string[] = [];
  let part = '';
  let inQuotes = false;
  for (const character of text) {
    if (character === '"') inQuotes = !inQuotes;
    if (character === separator && !inQuotes) {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  parts.push(part);
  return parts;
}
