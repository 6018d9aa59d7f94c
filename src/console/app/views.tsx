import { type ComponentType, lazy } from 'react';
import type { Permission } from './generated/graphql.ts';

/** The views, by path below `/console`. Each is loaded when it is first opened. */
export const views: readonly Readonly<{ path: string; view: ComponentType }>[] = [
  { path: '/', view: lazy(() => import('../overview/overview-view.tsx')) },
  { path: '/deliveries', view: lazy(() => import('../deliveries/deliveries-view.tsx')) },
  { path: '/endpoints', view: lazy(() => import('../endpoints/endpoints-view.tsx')) },
  { path: '/endpoints/new', view: lazy(() => import('../endpoints/endpoint-new.tsx')) },
  { path: '/endpoints/:id', view: lazy(() => import('../endpoints/endpoint-view.tsx')) },
  { path: '/event-types', view: lazy(() => import('../event-types/event-types-view.tsx')) },
  { path: '/event-types/new', view: lazy(() => import('../event-types/event-type-new.tsx')) },
  { path: '/event-types/:name', view: lazy(() => import('../event-types/event-type-view.tsx')) },
  { path: '/apps', view: lazy(() => import('../apps/apps-view.tsx')) },
  { path: '/apps/:id', view: lazy(() => import('../apps/app-view.tsx')) },
  { path: '/keys', view: lazy(() => import('../keys/keys-view.tsx')) },
  { path: '/audit', view: lazy(() => import('../audit/audit-view.tsx')) },
  { path: '/events/:id', view: lazy(() => import('../event/event-view.tsx')) },
  { path: '/graphiql', view: lazy(() => import('../graphiql/graphiql-view.tsx')) },
  { path: '/deliveries/:id', view: lazy(() => import('../delivery/delivery-view.tsx')) },
];

/** The entries of the navigation, in this order. */
export const destinations: readonly Readonly<{ path: string; name: string; needs?: Permission }>[] = [
  { path: '/', name: 'Overview', needs: 'MANAGE_WEBHOOKS' },
  { path: '/deliveries', name: 'Deliveries', needs: 'MANAGE_WEBHOOKS' },
  { path: '/endpoints', name: 'Endpoints', needs: 'MANAGE_WEBHOOKS' },
  { path: '/event-types', name: 'Event types' },
  { path: '/apps', name: 'Apps', needs: 'MANAGE_APPS' },
  { path: '/keys', name: 'Keys', needs: 'MANAGE_API_KEYS' },
  { path: '/audit', name: 'Audit', needs: 'READ_AUDIT_LOG' },
];
