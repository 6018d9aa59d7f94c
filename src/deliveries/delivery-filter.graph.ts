import { builder, DeliveryStatus } from '../graph/builder.ts';
import { DeliveryKind } from './enums.graph.ts';

/** Taken by lists, counts, the live log and bulk replay. */
export const DeliveryFilter = builder.inputType('DeliveryFilter', {
  description:
    'Which deliveries. All conditions must hold; one that is null or absent is none; an empty list matches nothing. An id that is malformed or that somebody else owns matches nothing. A list costs the same however many deliveries there are where an index serves it: no condition or a window alone, `id`, `eventId`, `endpointId`, `eventType`, `status` without SUCCEEDED (with `endpointId`, `eventType` and a window too), `kind` without EVENT, `isReplayed: true`, and an app’s `tenant`. Any other condition is looked for from the newest delivery on: fast where it is common, slow where it is rare; a window bounds it.',
  fields: (t) => ({
    id: t.idList({ description: 'Any of these deliveries.' }),
    eventId: t.idList({ description: 'Of any of these events. Indexed.' }),
    tenant: t.stringList({
      description:
        "Of any of these tenants' events, by externalId: for an app's deliveries. The live log knows the tenants that exist when it is subscribed to.",
    }),
    isReplayed: t.boolean({
      description:
        'Whether a replay was made of it. In the live log `true` matches nothing: a change happens before any replay.',
    }),
    status: t.field({
      type: [DeliveryStatus],
      description:
        "Any of these statuses: the delivery's present one; in the live log, the one it changed to.",
    }),
    eventType: t.stringList({ description: 'Any of these event types, by their exact names.' }),
    endpointId: t.idList({ description: 'To any of these endpoints.' }),
    kind: t.field({ type: [DeliveryKind], description: 'Of any of these kinds.' }),
    createdAfter: t.field({ type: 'DateTime', description: 'Created at this instant or later.' }),
    createdBefore: t.field({
      type: 'DateTime',
      description: 'Created before this instant. Must be later than `createdAfter`, else BAD_USER_INPUT.',
    }),
  }),
});
