import { createContext, useContext } from 'react';
import type { ConsoleViewerQuery, Permission } from './generated/graphql.ts';

export type Viewer = ConsoleViewerQuery['viewer'];

export const ViewerContext = createContext<Viewer | undefined>(undefined);

/** Whether the credential may do this: what it may not do is not shown as if it could. */
export function useMay(permission: Permission): boolean {
  return useContext(ViewerContext)?.permissions.includes(permission) ?? false;
}
