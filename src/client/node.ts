import { WebSocket } from 'ws';
import { connectWith } from './connect.ts';

/** The package for Node, with `ws`, which can stop reading. Node's own WebSocket would fill the memory. */
export const connect = connectWith(WebSocket);

export { fileStore } from './file-store.ts';
export * from './public.ts';
