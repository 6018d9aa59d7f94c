import { createContext } from 'react';
import type { ConsoleViewerQuery } from './generated/graphql.ts';

export type Viewer = ConsoleViewerQuery['viewer'];

export const ViewerContext = createContext<Viewer | undefined>(undefined);
