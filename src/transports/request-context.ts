import type { Context } from '../graph/context.ts';
import type { Transport } from '../http/metrics.ts';

/** The context of an operation, and which way it came. Over HTTP: the one that a subscription would be answered in. */
export type RequestContext = Context & { transport: Transport };
