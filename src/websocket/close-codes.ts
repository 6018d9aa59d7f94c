/**
 * Every code with which we close a WebSocket; the guide "Follow the log" shows the same table. `comesBack` says what
 * a client should do next: `again` (connect again after a moment and resume after the last position), `changed` (only
 * after something has changed, as the meaning says), `no`.
 *
 * Clients of graphql-ws have their own list: they connect again by themselves after 1001, 1006, 1012, 1013, 4403,
 * 4408 and all codes that they do not know, and never after 1002–1011 (except 1005 and 1006), 4400, 4401, 4406, 4409,
 * 4429 and 4500. So a code that asks a client to connect again must not be one of these.
 */
export const closeCodes = {
  normal: { code: 1000, meaning: 'the client closed the connection', comesBack: 'no' },
  protocolError: { code: 1002, meaning: 'a frame that breaks the WebSocket protocol', comesBack: 'no' },
  unsupportedData: { code: 1003, meaning: 'a binary message; the protocol uses text', comesBack: 'no' },
  lost: {
    code: 1006,
    meaning: 'no code at all: the connection was lost, or the client was silent for 45 s',
    comesBack: 'again',
  },
  notUtf8: { code: 1007, meaning: 'a message that is not UTF-8', comesBack: 'no' },
  messageTooBig: {
    code: 1009,
    meaning: 'a message of more than 4 MiB, or of more than 64 KiB before the credential',
    comesBack: 'no',
  },
  serviceRestart: { code: 1012, meaning: 'the process is shutting down', comesBack: 'again' },
  tryAgainLater: {
    code: 1013,
    meaning: 'an internal error, or the credential cannot be checked at the moment',
    comesBack: 'again',
  },
  badRequest: {
    code: 4400,
    meaning: 'a message that the protocol does not define, or an invalid connection parameter',
    comesBack: 'no',
  },
  unauthorized: { code: 4401, meaning: 'no credential, or an invalid one', comesBack: 'no' },
  forbidden: {
    code: 4403,
    meaning: 'the credential has expired or was revoked; connect again only with a fresh one',
    comesBack: 'changed',
  },
  wrongSubprotocol: {
    code: 4406,
    meaning: 'a subprotocol other than graphql-transport-ws',
    comesBack: 'no',
  },
  initTimeout: { code: 4408, meaning: 'no connection_init within 10 s', comesBack: 'again' },
  sameId: { code: 4409, meaning: 'two open operations with the same id', comesBack: 'no' },
  tooMany: {
    code: 4429,
    meaning:
      'too many messages or too many bytes at once, a second connection_init, or too many connections of this caller; connect again only after closing some',
    comesBack: 'changed',
  },
  slowConsumer: {
    code: 4510,
    meaning: 'nothing was read for 30 s; the reason is `SLOW_CONSUMER position=<n>`: resume with `after: n`',
    comesBack: 'again',
  },
} as const satisfies Record<string, { code: number; meaning: string; comesBack: 'again' | 'changed' | 'no' }>;
