import type { AttemptRecord } from './change.ts';

/** PostgreSQL's text cannot hold NUL or half of a surrogate pair, but a receiver may send either. */
export function storable(text: string | undefined): string | null {
  return text === undefined ? null : text.replaceAll('\u0000', '\ufffd').toWellFormed();
}

/** The escapes with which JSON.stringify writes what PostgreSQL cannot store. Other texts need no look at each header. */
const unstorable = /\\u(?:0000|d[89a-f])/;

/** What JSON writes as it is: ASCII without quotes, backslashes and control characters. */
const plain = /^[ !#-[\]-~]*$/;

/**
 * A receiver may answer with thousands of short headers, each of which costs a page of deliveries as much as a record.
 * The first ones are recorded; honest answers have some dozens.
 */
export const maxRecordedHeaders = 100;

/** As JSON.stringify writes them, which takes twice as long as putting plain texts together. */
export function jsonOf(all: AttemptRecord['responseHeaders']): string | null {
  if (all === undefined) return null;
  const headers = all.length > maxRecordedHeaders ? all.slice(0, maxRecordedHeaders) : all;
  let text = '';
  for (const { name, value } of headers) {
    if (!plain.test(name) || !plain.test(value)) return jsonOfAny(headers);
    text += `${text === '' ? '' : ','}{"name":"${name}","value":"${value}"}`;
  }
  return `[${text}]`;
}

function jsonOfAny(headers: NonNullable<AttemptRecord['responseHeaders']>): string {
  const json = JSON.stringify(headers);
  if (!unstorable.test(json)) return json;
  return JSON.stringify(headers.map(({ name, value }) => ({ name: storable(name), value: storable(value) })));
}
