/** Formats that one pass over a short text can check. */
const lightFormats: readonly unknown[] = ['date-time', 'date', 'time', 'uuid', 'ipv4', 'ipv6'];
/** Keywords that can need more time than the size of the schema times the size of the payload. */
const heavyKeywords: readonly string[] = [
  '$ref',
  '$dynamicRef',
  'pattern',
  'patternProperties',
  'uniqueItems',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const maxLightSchemaChars = 4_096;
/** The limit for schema size times payload size, in characters. Such a check takes some milliseconds at most. */
const maxLightWork = 4_000_000;

/**
 * Whether a payload may be checked on the main loop. Without the costly keywords, each part of the schema reads each
 * part of the payload at most once, so the product of their sizes bounds the work.
 */
export function isLightCheck(schema: { text: string; isLight: boolean }, payloadChars: number): boolean {
  return schema.isLight && schema.text.length * payloadChars <= maxLightWork;
}

/** The schema as text, and whether it has no costly keywords. */
export function weighSchema(schema: unknown): { text: string; isLight: boolean } {
  const text = JSON.stringify(schema);
  return { text, isLight: text.length <= maxLightSchemaChars && !holdsHeavy(schema) };
}

function holdsHeavy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, item]) =>
      heavyKeywords.includes(key) || (key === 'format' && !lightFormats.includes(item)) || holdsHeavy(item),
  );
}
