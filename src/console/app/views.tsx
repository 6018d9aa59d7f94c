import { type ComponentType, lazy } from 'react';

/** The views, by path below `/console`. Each is loaded when it is first opened. */
export const views: readonly Readonly<{ path: string; view: ComponentType }>[] = [
  { path: '/deliveries', view: lazy(() => import('../deliveries/deliveries-view.tsx')) },
];

/** What stands in the navigation, in this order. */
export const destinations: readonly Readonly<{ path: string; name: string }>[] = [
  { path: '/deliveries', name: 'Deliveries' },
];
