import type { Context } from '../graph/context.ts';
import type { Transport } from '../http/metrics.ts';

/**
 * The context of an operation, and its transport. Over HTTP it is the one in which a subscription would be answered.
 */
export type RequestContext = Context & {
  transport: Transport;
  sender?: JsonSender;
};

export type JsonSender = Readonly<{
  /** Sends the JSON of a result at once. False where the client has not yet taken what was sent before. Never throws. */
  sendJson(json: Uint8Array): boolean;
}>;
