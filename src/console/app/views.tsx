import type { Permission } from './generated/graphql.ts';
import type { LoadView } from './view.tsx';

/** The views, by path below `/console`. Each is loaded when it is first opened. */
export const views: readonly Readonly<{ path: string; load: LoadView }>[] = [
  { path: '/', load: () => import('../overview/overview-view.tsx') },
  { path: '/deliveries', load: () => import('../deliveries/deliveries-view.tsx') },
  { path: '/endpoints', load: () => import('../endpoints/endpoints-view.tsx') },
  { path: '/endpoints/new', load: () => import('../endpoints/endpoint-new.tsx') },
  { path: '/endpoints/:id', load: () => import('../endpoints/endpoint-view.tsx') },
  { path: '/event-types', load: () => import('../event-types/event-types-view.tsx') },
  { path: '/event-types/new', load: () => import('../event-types/event-type-new.tsx') },
  { path: '/event-types/:name', load: () => import('../event-types/event-type-view.tsx') },
  { path: '/apps', load: () => import('../apps/apps-view.tsx') },
  { path: '/apps/:id', load: () => import('../apps/app-view.tsx') },
  { path: '/keys', load: () => import('../keys/keys-view.tsx') },
  { path: '/audit', load: () => import('../audit/audit-view.tsx') },
  { path: '/events/:id', load: () => import('../event/event-view.tsx') },
  { path: '/graphiql', load: () => import('../graphiql/graphiql-view.tsx') },
  { path: '/deliveries/:id', load: () => import('../delivery/delivery-view.tsx') },
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
