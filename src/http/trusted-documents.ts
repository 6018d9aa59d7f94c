import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { badUserInput, RequestError } from '../errors.ts';

/** Documents by their id: the SHA-256 of their text, in hex. */
export type TrustedDocuments = ReadonlyMap<string, string>;

/** `trusted-documents.json` is generated; a front end's build adds its own beside it: `trusted-documents.web.json`. */
const manifestName = /^trusted-documents(\.[\w-]+)?\.json$/;
const manifest = z.record(z.string(), z.string());

/**
 * Reads every manifest of a folder: `{"<id>": "<text>"}`, as client generators write it (`persistedDocuments` of
 * GraphQL Code Generator). Throws a ConfigError where an id is not its text's: such a document could never be sent.
 */
export function readTrustedDocuments(folder: URL): TrustedDocuments {
  const documents = new Map<string, string>();
  for (const name of readdirSync(folder).filter((file) => manifestName.test(file))) {
    const read = manifest.safeParse(parseJson(readFileSync(new URL(name, folder), 'utf8')));
    if (!read.success)
      throw new ConfigError(`schema/${name} must be JSON of the form {"<id>":"<document>"}.`);
    for (const [given, text] of Object.entries(read.data)) {
      const id = idOfText(text);
      if (bare(given) !== id) throw new ConfigError(`schema/${name}: ${given} must be ${id}, its SHA-256.`);
      documents.set(id, text);
    }
  }
  return documents;
}

/** The id of a document. */
export const idOfText = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a request asks to execute, as it came: nothing of it is known to be of the right type. */
type Asked = Readonly<{ query?: unknown; documentId?: unknown; extensions?: unknown }>;

/**
 * Decides which text a request executes, before it is parsed. With `only`, none but those of the manifests, named by
 * id or sent whole; else any text, and ids as a shorter way to say one that is known.
 *
 * The same for HTTP, server-sent events and WebSocket. (@graphql-yoga/plugin-persisted-operations acts on Yoga's HTTP
 * requests alone, and cannot take a whole text by what it says.)
 */
export function createDocumentGate(options: { documents: TrustedDocuments; only: boolean }) {
  const { documents, only } = options;
  const texts = new Set(documents.values());

  /** Undefined where the request names none: whoever parses it says so. Throws a RequestError for what is refused. */
  return (asked: Asked): string | undefined => {
    const id = idOf(asked);
    const known = id === undefined ? undefined : documents.get(id);
    const text = typeof asked.query === 'string' && asked.query !== '' ? asked.query : undefined;
    if (text === undefined) {
      if (id === undefined || known !== undefined) return known;
      throw only ? notTrusted() : notFound();
    }
    if (known !== undefined && known !== text) {
      throw badUserInput('The document id is that of another document than `query`.');
    }
    if (only && !texts.has(text)) throw notTrusted();
    return text;
  };
}

export type DocumentGate = ReturnType<typeof createDocumentGate>;

/**
 * `documentId` (GraphQL over HTTP, appendix A, with or without its prefix `sha256:`) or Apollo's
 * `extensions.persistedQuery.sha256Hash`.
 */
function idOf({ documentId, extensions }: Asked): string | undefined {
  const { persistedQuery } = Object(extensions);
  const id = documentId ?? Object(persistedQuery).sha256Hash;
  return typeof id === 'string' ? bare(id) : undefined;
}

const bare = (id: string) => id.replace(/^sha256:/, '').toLowerCase();

const notTrusted = () =>
  new RequestError('DOCUMENT_NOT_TRUSTED', 'Only documents of the manifest are executed here.');

/** Clients of automatic persisted queries know this code: they send the text. */
const notFound = () =>
  new RequestError('PERSISTED_QUERY_NOT_FOUND', 'No document of this id is known: send its text as `query`.');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
