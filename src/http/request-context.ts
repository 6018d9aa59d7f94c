import type { Context } from '../graph/context.ts';
import type { Transport } from './metrics.ts';

/** The context of an operation, and which way it came. A subscription over HTTP is one over server-sent events. */
export type RequestContext = Context & { transport: Transport };
