import type { ExecutionResult } from 'graphql';
import { sharedTextOf } from './use-shared-results.ts';

/** How the results of a subscription are written into the answer to an HTTP request. */
export type StreamFormat = Readonly<{
  contentType: string;
  /** Sent with the headers, because some browsers and proxies pass on nothing before the first bytes. */
  opening: string;
  /** A heartbeat for the client and for proxies, with the position up to which the log is covered. */
  heartbeat(position: number | undefined): string;
  result(result: ExecutionResult, position: number | undefined): string;
  /** The error that ended the stream, if it was not a result of the operation: the credential, or an internal error. */
  failure(result: ExecutionResult): string;
  /** The stream is complete, and the client need not connect again. */
  complete: string;
}>;

const event = (result: ExecutionResult, position?: number) =>
  `${idLine(position)}event: next\ndata: ${textOf(result)}\n\n`;
const textOf = (result: ExecutionResult) => sharedTextOf(result) ?? JSON.stringify(result);
const idLine = (position: number | undefined) => (position === undefined ? '' : `id: ${position}\n`);

/**
 * Server-sent events in the "distinct connections mode" of GraphQL over SSE (github.com/enisdenjo/graphql-sse,
 * PROTOCOL.md). A result with a position in the log has it as its `id`. A heartbeat with an `id` and without data is
 * no event for a browser's EventSource, but it updates the `Last-Event-ID` that the browser sends
 * (html.spec.whatwg.org, 9.2.6).
 */
export const eventStream: StreamFormat = {
  contentType: 'text/event-stream',
  opening: ':\n\n',
  heartbeat: (position) => `${idLine(position)}:\n\n`,
  result: event,
  failure: (result) => event(result),
  complete: 'event: complete\ndata:\n\n',
};

const boundary = 'graphql';
const partOf = (body: object) =>
  `\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(body)}\r\n--${boundary}`;

/**
 * Apollo's subscriptions over HTTP
 * (apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol). A reader takes a part as
 * complete when it sees the boundary after it, so each part ends with the boundary of the next.
 */
export const multipartStream: StreamFormat = {
  contentType: `multipart/mixed;boundary="${boundary}";subscriptionSpec=1.0`,
  opening: `\r\n--${boundary}`,
  heartbeat: () => partOf({}),
  result: (result) => partOf({ payload: result }),
  failure: ({ errors }) => partOf({ payload: null, errors }),
  complete: '--\r\n',
};
