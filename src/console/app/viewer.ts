import { createContext, useContext } from 'react';
import type { ConsoleViewerQuery, Permission } from './generated/graphql.ts';

export type Viewer = ConsoleViewerQuery['viewer'];

export const ViewerContext = createContext<Viewer | undefined>(undefined);

/** Whether the credential has this permission. The console does not offer what the credential may not do. */
export function useMay(permission: Permission): boolean {
  return useContext(ViewerContext)?.permissions.includes(permission) ?? false;
}
