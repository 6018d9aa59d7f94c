import { App, ifHeld } from '../apps/app.graph.ts';
import { builder } from '../graph/builder.ts';
import { pageArgs, pageCost } from '../graph/connection.ts';
import { AppInstallation } from '../installations/app-installations.graph.ts';
import { findInstallations } from '../installations/installation.ts';
import { Delivery, DeliveryConnection, deliveryPage } from './deliveries.graph.ts';
import { DeliveryFilter } from './delivery-filter.graph.ts';
import { ownedLoader } from './owned-loader.ts';
import { viewPermission } from './view-permission.ts';

const installationOf = ownedLoader(findInstallations);

builder.objectField(Delivery, 'installation', (t) =>
  t.field({
    type: AppInstallation,
    nullable: true,
    description:
      'The installation because of which the event was forwarded to an app; null for a tenant’s own deliveries, and for an app’s lifecycle and test events.',
    resolve: (delivery, _args, context) =>
      delivery.installation_id === null
        ? null
        : installationOf(context).load({ ownerId: delivery.owner_id, id: delivery.installation_id }),
  }),
);

builder.objectField(App, 'deliveries', (t) =>
  t.field({
    type: DeliveryConnection,
    nullable: true,
    description: 'The deliveries to its webhook, sent or waiting, newest first. Needs VIEW_DELIVERIES.',
    args: {
      ...pageArgs(t.arg),
      filter: t.arg({ type: DeliveryFilter, description: 'Only deliveries that match; by default all.' }),
    },
    complexity: pageCost,
    resolve: (app, { filter, ...page }, context, info) =>
      ifHeld(context, { appId: app.id, anyOf: [viewPermission.app] }, () =>
        deliveryPage(context, app.id, { page, filter, info }),
      ),
  }),
);
