import { builder, DeliveryStatus } from '../graph/builder.ts';
import { DeliveryKind } from './enums.graph.ts';
import { errorTextRule, maxSearched } from './matching-attempts.ts';

const searched = `Among the deliveries that all other conditions let through, one page looks at the next ${maxSearched.toLocaleString('en')} (shared by the endpoints, where the deliveries of several are asked for). If it stops there, it is shorter than was asked for, \`hasNextPage\` is true, and \`endCursor\` continues the search; \`deliveryCount\` looks at the newest ${maxSearched.toLocaleString('en')} and says \`isCapped\`. Name an endpoint, a window, or \`status\` without SUCCEEDED to look at fewer.`;

/** Used by lists, counts, the live log and bulk replay. */
export const DeliveryFilter = builder.inputType('DeliveryFilter', {
  description:
    'Conditions on deliveries. A delivery must meet all of them. One that is null or absent is ignored; an empty list matches nothing. An id that is malformed or that somebody else owns matches nothing. An index serves these filters, so that they cost the same for any number of deliveries: no condition or only a window; `id`; `eventId`; `endpointId`; `eventType`; `status` without SUCCEEDED (also with `endpointId`, `eventType` and a window); `kind` without EVENT; `isReplayed: true`; an app’s `tenant`. With any other filter the deliveries are searched from the newest on, which is fast if matches are common and slow if they are rare. A window limits the search.',
  fields: (t) => ({
    id: t.idList({ description: 'Only these deliveries.' }),
    eventId: t.idList({ description: 'Only deliveries of these events.' }),
    tenant: t.stringList({
      description:
        "Only an app's deliveries of events of these tenants, by `externalId`. A subscription knows the tenants that existed when it began.",
    }),
    isReplayed: t.boolean({
      description:
        'Only deliveries that have been replayed (true) or have not (false). In the live log `true` matches nothing, because the changes of a delivery come before its replay.',
    }),
    status: t.field({
      type: [DeliveryStatus],
      description:
        'Only deliveries with one of these statuses: in a list the current status, in the live log the status that it changed to.',
    }),
    eventType: t.stringList({ description: 'Only deliveries of these event types, by their exact names.' }),
    endpointId: t.idList({ description: 'Only deliveries to these endpoints.' }),
    responseStatus: t.intList({
      description: `Only deliveries of which an attempt was answered with one of these HTTP statuses; in the live log, changes that such an answer led to. ${searched}`,
    }),
    errorContains: t.string({
      description: `Only deliveries of which an attempt’s \`error\` contains this text, in upper or lower case. Together with \`responseStatus\`, one attempt must meet both. It ${errorTextRule}. In a subscription it is BAD_USER_INPUT. ${searched}`,
    }),
    kind: t.field({ type: [DeliveryKind], description: 'Only deliveries of these kinds.' }),
    createdAfter: t.field({
      type: 'DateTime',
      description: 'Only deliveries created at this instant or later.',
    }),
    createdBefore: t.field({
      type: 'DateTime',
      description:
        'Only deliveries created before this instant. It must be later than `createdAfter`, otherwise it is BAD_USER_INPUT.',
    }),
  }),
});
