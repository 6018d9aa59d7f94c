import { DeliveryFilter } from '../deliveries/delivery-filter.graph.ts';
import { searchCost } from '../deliveries/matching-attempts.ts';
import { viewPermission } from '../deliveries/view-permission.ts';
import { askedOwnerOfEndpoint } from '../endpoints/asked-owner.ts';
import { builder } from '../graph/builder.ts';
import { type CappedCount as Count, countDeliveries, maxCount } from './count-deliveries.ts';

const CappedCount = builder.objectRef<Count>('CappedCount').implement({
  description: 'A count that stops at a limit.',
  fields: (t) => ({
    count: t.exposeInt('count', { description: 'The number counted, at most `limit`.' }),
    isCapped: t.exposeBoolean('isCapped', {
      description: 'Whether counting stopped, so that there may be more.',
    }),
  }),
});

builder.queryFields((t) => ({
  deliveryCount: t.field({
    type: CappedCount,
    description:
      'The number of deliveries that `deliveries` would list with the same filter. Counting stops at `limit`. Errors: BAD_USER_INPUT for a `limit` out of range.',
    permission: viewPermission,
    capability: { records: ['Delivery'], sideEffects: [], idempotency: 'It only reads.' },
    args: {
      filter: t.arg({ type: DeliveryFilter, description: 'Only deliveries that match; by default all.' }),
      limit: t.arg.int({
        required: true,
        defaultValue: 10_000,
        description: `The number at which counting stops: 10,000 by default, from 1 to ${maxCount}.`,
      }),
    },
    complexity: ({ filter }) => 1 + searchCost(filter),
    resolve: async (_root, args, context) =>
      countDeliveries(
        context.services.database.query,
        await askedOwnerOfEndpoint(context, viewPermission, args.filter?.endpointId),
        args,
      ),
  }),
}));
