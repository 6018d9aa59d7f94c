import type { ExecutionResult } from 'graphql';

/** How the results of a subscription are written into the answer to an HTTP request. */
export type StreamFormat = Readonly<{
  contentType: string;
  /** Sent with the headers: some browsers and proxies hand on nothing before the first bytes. */
  opening: string;
  /** Tells a client, and whatever stands between, that the stream is alive; with how far the log is covered. */
  heartbeat(position: number | undefined): string;
  result(result: ExecutionResult, position: number | undefined): string;
  /** What ended the stream, where it was no result of the operation: its credential, or a fault. */
  failure(result: ExecutionResult): string;
  /** Nothing more will come, and the client need not ask again. */
  complete: string;
}>;

const event = (result: ExecutionResult, position?: number) =>
  `${idLine(position)}event: next\ndata: ${JSON.stringify(result)}\n\n`;
const idLine = (position: number | undefined) => (position === undefined ? '' : `id: ${position}\n`);

/**
 * Server-sent events as GraphQL over SSE has them in its "distinct connections mode"
 * (github.com/enisdenjo/graphql-sse, PROTOCOL.md). A result that stands at a position of the log has it as its `id`. A
 * heartbeat with an `id` and no data is no event to a browser's EventSource, and moves on what it sends as
 * `Last-Event-ID` (html.spec.whatwg.org, 9.2.6).
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
 * (apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol). A reader takes a part for whole
 * when it sees the boundary behind it, so each part ends with the next one's boundary.
 */
export const multipartStream: StreamFormat = {
  contentType: `multipart/mixed;boundary="${boundary}";subscriptionSpec=1.0`,
  opening: `\r\n--${boundary}`,
  heartbeat: () => partOf({}),
  result: (result) => partOf({ payload: result }),
  failure: ({ errors }) => partOf({ payload: null, errors }),
  complete: '--\r\n',
};
