import { OperationTypeNode } from 'graphql';

/** What /graphql can answer with. */
export type MediaType =
  | 'application/json'
  | 'application/graphql-response+json'
  | 'text/event-stream'
  | 'multipart/mixed';

/** In the order in which a range such as the one that stands for all takes them. */
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
 * The media type that an operation is answered with: of those that it can be answered with the one that the client
 * wants most, of equals the one that it names first. Undefined where it accepts none of them.
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

/** Whether any operation could be answered: where none can, nothing of the request needs to be looked at. */
export const acceptsAnything = (accept: string | undefined): boolean =>
  Object.values(OperationTypeNode).some((operation) => chooseMediaType(accept, operation) !== undefined);

/** Says what would be right. */
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

/** The range that decides about a media type: the most precise one that it fits (RFC 9110, section 12.5.1). */
function placeOf(mediaType: MediaType, ranges: readonly Range[]): number {
  const [group] = mediaType.split('/');
  const exact = ranges.findIndex((range) => range.type === mediaType && isSpoken(range));
  if (exact !== -1) return exact;
  // What a part of `multipart/mixed` holds, only its parameter says: it has to be asked for by name.
  if (mediaType === 'multipart/mixed') return -1;
  const ofGroup = ranges.findIndex(({ type }) => type === `${group}/*`);
  return ofGroup === -1 ? ranges.findIndex(({ type }) => type === '*/*') : ofGroup;
}

/** Multipart is spoken as Apollo's subscriptions over HTTP have it, and in UTF-8 is spoken everything. */
function isSpoken({ type, parameters }: Range): boolean {
  const charset = parameters.get('charset');
  if (charset !== undefined && !isUtf8(charset)) return false;
  return type !== 'multipart/mixed' || /^1(\.0)?$/.test(parameters.get('subscriptionspec') ?? '');
}

/** In any spelling. */
export const isUtf8 = (charset: string): boolean => /^"?utf-?8"?$/i.test(charset.trim());

function rangesOf(accept: string | undefined): Range[] {
  const text = accept?.trim() ?? '';
  // A header without a value says as little as none.
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

/** A weight that is none counts as the default. */
function qualityOf(text: string | undefined): number {
  return text !== undefined && /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}

/** A boundary may hold commas and semicolons in quotes. */
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
