import {
  connect,
  type LogFilter,
  type LogState,
  logDocument,
  type TypedDocument,
} from '../../client/browser.ts';
import { currentToken } from '../app/session.ts';
import { noteDocument } from '../app/used-documents.ts';

/** A connection without any data for this time counts as dead. Until then the indicator may say Live. */
const silenceMs = 10_000;
const server = connect({ url: location.origin, token: currentToken, silenceMs });

/** Reads the log of the signed-in caller, with the same client that everybody can use. */
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
