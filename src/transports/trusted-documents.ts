import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { badUserInput, RequestError } from '../errors.ts';

/** Documents by their id: the SHA-256 of their text, in hex. */
export type TrustedDocuments = ReadonlyMap<string, string>;

/**
 * `trusted-documents.json` is generated. A front end's build adds its own file beside it:
 * `trusted-documents.web.json`.
 */
const manifestName = /^trusted-documents(\.[\w-]+)?\.json$/;
const manifest = z.record(z.string(), z.string());

/**
 * Reads every manifest of a folder: `{"<id>": "<text>"}`, as client generators write it (`persistedDocuments` of
 * GraphQL Code Generator). Throws a ConfigError if an id does not match its text, because such a document could never
 * be sent.
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

/** The document of a request as it was sent. Its types have not been checked. */
type Asked = Readonly<{ query?: unknown; documentId?: unknown; extensions?: unknown }>;

/**
 * Decides which text a request executes, before it is parsed. With `only`, just the documents of the manifests are
 * accepted, by id or as text. Otherwise any text is accepted, and an id stands for a known text: from a manifest, or
 * one that a client has sent before together with its id (automatic persisted queries, as Apollo's and urql's clients
 * use them).
 *
 * It is the same for HTTP, server-sent events and WebSocket. (@graphql-yoga/plugin-persisted-operations works only
 * for Yoga's HTTP requests, and does not accept a whole text that is in the manifest.)
 */
export function createDocumentGate(options: { documents: TrustedDocuments; only: boolean }): DocumentGate {
  const { documents, only } = options;
  const texts = new Set(documents.values());
  const sent = new SentDocuments();

  return {
    textOf(asked) {
      const id = idOf(asked);
      const known = id === undefined ? undefined : (documents.get(id) ?? sent.find(id));
      const text = typeof asked.query === 'string' && asked.query !== '' ? asked.query : undefined;
      if (text === undefined) {
        if (id === undefined || known !== undefined) return known;
        throw only ? notTrusted() : notFound();
      }
      if (id !== undefined && known !== text && idOfText(text) !== id) {
        throw badUserInput(
          'The document id does not match `query`. It must be the SHA-256 of its text, in hex.',
        );
      }
      if (only && !texts.has(text)) throw notTrusted();
      return text;
    },
    remember(asked, holder) {
      const id = idOf(asked);
      if (!only && id !== undefined && typeof asked.query === 'string' && !documents.has(id)) {
        sent.keep(id, { text: asked.query, holder });
      }
    },
  };
}

export type DocumentGate = Readonly<{
  /**
   * Undefined if the request names no document, which its parser reports. Throws a RequestError for a refused
   * document.
   */
  textOf(asked: Asked): string | undefined;
  /** Keeps a valid text that was sent with its id, so that the next request can use the id alone. */
  remember(asked: Asked, holder: string): void;
}>;

const most = { documents: 2_000, characters: 8_000_000 };
const mostOfHolder = { documents: 500, characters: 2_000_000 };

type SentDocument = Readonly<{ text: string; holder: string }>;

/**
 * Documents that clients have sent. The least recently used is dropped first; a holder that has sent more than its
 * share loses its own.
 */
class SentDocuments {
  readonly #byId = new Map<string, SentDocument>();

  find(id: string): string | undefined {
    const document = this.#byId.get(id);
    if (document === undefined) return undefined;
    this.#byId.delete(id);
    this.#byId.set(id, document);
    return document.text;
  }

  keep(id: string, document: SentDocument): void {
    if (this.find(id) !== undefined) return;
    this.#byId.set(id, document);
    const { holder } = document;
    this.#dropBeyond(mostOfHolder, (kept) => kept.holder === holder);
    this.#dropBeyond(most, () => true);
  }

  #dropBeyond(limits: typeof most, counts: (document: SentDocument) => boolean): void {
    const counted = [...this.#byId].filter(([, document]) => counts(document));
    let characters = counted.reduce((sum, [, { text }]) => sum + text.length, 0);
    for (const [index, [id, { text }]] of counted.entries()) {
      if (counted.length - index <= limits.documents && characters <= limits.characters) return;
      this.#byId.delete(id);
      characters -= text.length;
    }
  }
}

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
  new RequestError('DOCUMENT_NOT_TRUSTED', 'Only documents of the manifest can be executed.');

/** Apollo's clients look at the code, urql's at the message. Both then send the text together with its id. */
const notFound = () => new RequestError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
