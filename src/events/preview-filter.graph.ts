import { viewPermission } from '../deliveries/view-permission.ts';
import { askedOwner } from '../endpoints/asked-owner.ts';
import { badUserInput } from '../errors.ts';
import { filterIssues } from '../filters/check-filter.ts';
import { conditionsOf, filterRule, PayloadConditionInput } from '../filters/filter.graph.ts';
import { builder } from '../graph/builder.ts';
import { Event } from './events.graph.ts';
import { mostPreviewed, type PreviewedEvent, previewFilter } from './preview-filter.ts';

const FilterPreviewEvent = builder.objectRef<PreviewedEvent>('FilterPreviewEvent').implement({
  description: 'An event, and whether it matches the filter.',
  fields: (t) => ({
    event: t.field({ type: Event, description: 'The event.', resolve: ({ event }) => event }),
    matches: t.boolean({
      description: 'Whether it meets all conditions.',
      resolve: ({ failedCondition }) => failedCondition === undefined,
    }),
    failedCondition: t.int({
      nullable: true,
      description: 'The index of the first condition that does not hold, from 0; null if the event matches.',
      resolve: ({ failedCondition }) => failedCondition ?? null,
    }),
  }),
});

const FilterPreview = builder.objectRef<readonly PreviewedEvent[]>('FilterPreview').implement({
  description: 'Which events match a filter.',
  fields: (t) => ({
    examined: t.int({
      description: `The number of events that were checked: all of the type, but at most ${mostPreviewed}.`,
      resolve: (events) => events.length,
    }),
    matched: t.int({
      description: 'The number of them that match.',
      resolve: (events) => events.filter(({ failedCondition }) => failedCondition === undefined).length,
    }),
    events: t.field({
      type: [FilterPreviewEvent],
      description: 'The checked events, newest first.',
      complexity: { field: 1, multiplier: mostPreviewed },
      resolve: (events) => events,
    }),
  }),
});

builder.queryField('previewFilter', (t) =>
  t.field({
    type: FilterPreview,
    description: `Checks a filter against the newest ${mostPreviewed} events of a type, of the viewer’s tenant or of its app. Nothing is changed. Errors: BAD_USER_INPUT for a filter that an endpoint could not have, with the path of the problem.`,
    permission: viewPermission,
    capability: { records: ['Event'], sideEffects: [], idempotency: 'It only reads.' },
    // Bodies are read and looked at, whatever of the answer is asked for.
    complexity: { field: mostPreviewed, multiplier: 1 },
    args: {
      filter: t.arg({ type: [PayloadConditionInput], required: true, description: filterRule }),
      eventType: t.arg.string({
        required: true,
        description:
          'The exact name of the event type. If nothing of this type was published, there are no events.',
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
