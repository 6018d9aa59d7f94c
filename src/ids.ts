import { randomFillSync } from 'node:crypto';
import { databaseNow } from './clock.ts';

/**
 * Ids are UUID version 7 (RFC 9562) inside and TypeIDs outside: `ep_01h455vb4pex5vsknk084sn02q`.
 *
 * The first 48 bits are the record's time of creation in milliseconds by the database's clock, so that ids sort by
 * age, partitions go by id, and `created` needs no column. The 12 bits after the version count up within a
 * millisecond: ids of one process never run backwards. The remaining 62 bits are random.
 *
 * The suffix is the UUID in Crockford's base 32, 26 characters, lower case (github.com/jetify-com/typeid, spec 0.3).
 */

export const idPrefixes = {
  Tenant: 'tnt',
  ApiKey: 'key',
  ConsoleLink: 'lnk',
  EventType: 'ety',
  Event: 'evt',
  Endpoint: 'ep',
  SigningSecret: 'sec',
  Delivery: 'dlv',
  DeliveryAttempt: 'att',
  AuditEntry: 'aud',
  ReplayJob: 'rpj',
  CancelJob: 'cnj',
  App: 'app',
  AppVersion: 'apv',
  AppInstallation: 'ins',
  AppMember: 'mbr',
  AppInvitation: 'inv',
} as const;

export type IdType = keyof typeof idPrefixes;

/** The cast is needed because TypeScript types `Object.keys` as plain strings. */
export const idTypes = Object.keys(idPrefixes) as readonly IdType[];

/** The bounds: every minted UUID lies between them. */
export const lowestUuid = '00000000-0000-0000-0000-000000000000';
export const highestUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const [hyphen, digit0, letterA] = [0x2d, 0x30, 0x61];
const suffixPattern = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

const typeByPrefix: ReadonlyMap<string, IdType> = new Map(idTypes.map((type) => [idPrefixes[type], type]));

let lastMs = 0;
let counter = 0;
const randomPool = Buffer.alloc(4096);
let randomUsed = randomPool.length;

/** A fresh UUID v7, in the text form that PostgreSQL takes. */
export function mintUuid(): string {
  const now = databaseNow();
  if (now > lastMs) {
    lastMs = now;
    counter = 0;
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  if (randomUsed + 8 > randomPool.length) {
    randomFillSync(randomPool);
    randomUsed = 0;
  }
  const time = Math.floor(lastMs).toString(16).padStart(12, '0');
  const high = ((randomPool.readUInt16BE(randomUsed) & 0x3fff) | 0x8000).toString(16);
  const low = randomPool.toString('hex', randomUsed + 2, randomUsed + 8);
  randomUsed += 8;
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${high}-${low}`;
}

/** The smallest UUID that can be minted at `ms` or later. It turns a time into the bound of a range of ids. */
export function firstUuidAt(ms: number): string {
  const time = Math.max(0, Math.ceil(ms)).toString(16).padStart(12, '0').slice(-12);
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}

/** When the id was minted, in milliseconds since 1970. */
export function timeOfUuid(uuid: string): number {
  return Number.parseInt(uuid.slice(0, 8) + uuid.slice(9, 13), 16);
}

/** A number from 0 to `count - 1` that depends on the UUID's random part alone; `count` is a power of two up to 256. */
export function hashOfUuid(uuid: string, count: number): number {
  return Number.parseInt(uuid.slice(-2), 16) & (count - 1);
}

/** `ep_…` for an endpoint's UUID. It is in every attempt and every answer, so it makes no other text on the way. */
export function encodeId(type: IdType, uuid: string): string {
  // 26 characters hold 26 × 5 = 130 bits, and a UUID has 128: the first character carries only the top 3 bits.
  let id = `${idPrefixes[type]}_`;
  let bits = 2;
  let value = 0;
  for (let index = 0; index < uuid.length; index += 1) {
    const code = uuid.charCodeAt(index);
    if (code === hyphen) continue;
    value = ((value << 4) | (code < letterA ? code - digit0 : code - letterA + 10)) & 0x1ff;
    bits += 4;
    if (bits >= 5) {
      bits -= 5;
      id += alphabet.charAt((value >> bits) & 31);
    }
  }
  return id;
}

/** The UUID in an id of this type; undefined if the text is not such an id. Never throws. */
export function decodeId(type: IdType, id: string): string | undefined {
  const prefix = idPrefixes[type];
  if (!id.startsWith(`${prefix}_`)) return undefined;
  return decodeSuffix(id.slice(prefix.length + 1));
}

/** The type that an id's prefix names; undefined if no type has this prefix. */
export function typeOfId(id: string): IdType | undefined {
  return typeByPrefix.get(id.slice(0, id.indexOf('_')));
}

/** An attempt's id is made of its delivery's id and the attempt's number, `att_…_2`; it is stored nowhere. */
export function encodeAttemptId(deliveryUuid: string, number: number): string {
  return `${encodeId('DeliveryAttempt', deliveryUuid)}_${number}`;
}

export function decodeAttemptId(id: string): { deliveryUuid: string; number: number } | undefined {
  const match = /^(att_[0-9a-z]{26})_([1-9][0-9]{0,5})$/.exec(id);
  const deliveryUuid = match?.[1] === undefined ? undefined : decodeId('DeliveryAttempt', match[1]);
  return deliveryUuid === undefined ? undefined : { deliveryUuid, number: Number(match?.[2]) };
}

export function isUuid(text: string): boolean {
  return uuidPattern.test(text);
}

function decodeSuffix(suffix: string): string | undefined {
  if (!suffixPattern.test(suffix)) return undefined;
  let hex = '';
  let bits = -2;
  let value = 0;
  for (let index = 0; index < 26; index += 1) {
    value = ((value << 5) | alphabet.indexOf(suffix.charAt(index))) & 0x1ff;
    bits += 5;
    while (bits >= 4) {
      bits -= 4;
      hex += ((value >> bits) & 15).toString(16);
    }
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
