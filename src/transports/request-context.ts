import type { Context } from '../graph/context.ts';
import type { Transport } from '../http/metrics.ts';

/**
 * The context of an operation, and its transport. Over HTTP it is the one in which a subscription would be answered.
 */
export type RequestContext = Context & { transport: Transport };
