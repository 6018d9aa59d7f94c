import {
  connect,
  type LogFilter,
  type LogState,
  logDocument,
  type TypedDocument,
} from '../../client/browser.ts';
import { currentToken } from '../app/session.ts';
import { noteDocument } from '../app/used-documents.ts';

/** A connection that gives no sign of life for so long counts as dead: until then the indicator may say Live. */
const silenceMs = 10_000;
const server = connect({ url: location.origin, token: currentToken, silenceMs });

/** Reads the log of whoever is signed in, through the same client that everybody can use. */
export function openLog<Selected>(
  options: Readonly<{
    select: TypedDocument<Selected, never>;
    after: number;
    filter?: LogFilter | undefined;
    signal: AbortSignal;
    onState: (state: LogState) => void;
  }>,
) {
  const { select, after, filter } = options;
  noteDocument(logDocument(select), { after, filter, maxBatch: 500 });
  return server.log<Selected>(options);
}
