import { viewPermission } from '../deliveries/view-permission.ts';
import { askedOwner } from '../endpoints/asked-owner.ts';
import { badUserInput } from '../errors.ts';
import { filterIssues } from '../filters/check-filter.ts';
import { conditionsOf, filterRule, PayloadConditionInput } from '../filters/filter.graph.ts';
import { builder } from '../graph/builder.ts';
import { Event } from './events.graph.ts';
import { mostPreviewed, type PreviewedEvent, previewFilter } from './preview-filter.ts';

const FilterPreviewEvent = builder.objectRef<PreviewedEvent>('FilterPreviewEvent').implement({
  description: 'An event, and whether it would pass.',
  fields: (t) => ({
    event: t.field({ type: Event, description: 'The event.', resolve: ({ event }) => event }),
    matches: t.boolean({
      description: 'Whether it meets all conditions.',
      resolve: ({ failedCondition }) => failedCondition === undefined,
    }),
    failedCondition: t.int({
      nullable: true,
      description: 'The index of the first condition that does not hold, from 0; null where it passes.',
      resolve: ({ failedCondition }) => failedCondition ?? null,
    }),
  }),
});

const FilterPreview = builder.objectRef<readonly PreviewedEvent[]>('FilterPreview').implement({
  description: 'What a filter would have let through.',
  fields: (t) => ({
    examined: t.int({
      description: `How many events were looked at: all there are of the type, ${mostPreviewed} at most.`,
      resolve: (events) => events.length,
    }),
    matched: t.int({
      description: 'How many of them pass.',
      resolve: (events) => events.filter(({ failedCondition }) => failedCondition === undefined).length,
    }),
    events: t.field({
      type: [FilterPreviewEvent],
      description: 'Each of them, newest first.',
      complexity: { field: 1, multiplier: mostPreviewed },
      resolve: (events) => events,
    }),
  }),
});

builder.queryField('previewFilter', (t) =>
  t.field({
    type: FilterPreview,
    description: `Which of the newest ${mostPreviewed} events of a type a filter would have let through: of the viewer’s tenant, or of its app. Nothing is changed. Errors: BAD_USER_INPUT for a filter that an endpoint could not have, with the place of what is wrong.`,
    permission: viewPermission,
    capability: { records: ['Event'], sideEffects: [], idempotency: 'A read: changes nothing.' },
    // Bodies are read and looked at, whatever of the answer is asked for.
    complexity: { field: mostPreviewed, multiplier: 1 },
    args: {
      filter: t.arg({ type: [PayloadConditionInput], required: true, description: filterRule }),
      eventType: t.arg.string({
        required: true,
        description:
          'Of which type, by its exact name. Of one that nobody has published there are no events.',
      }),
    },
    resolve: (_root, args, context) => {
      const filter = conditionsOf(args.filter) ?? [];
      const [issue] = filterIssues(filter);
      if (issue !== undefined) throw badUserInput(`${issue.path.join('.')}: ${issue.message}`);
      const asked = { filter, eventType: args.eventType };
      return previewFilter(
        context.services.database.query,
        askedOwner(context, viewPermission).ownerId,
        asked,
      );
    },
  }),
);
