import { WebSocket } from 'ws';
import { connectWith } from './connect.ts';

/** The package on Node: with `ws`, which can stop reading, where Node's own WebSocket would fill the memory. */
export const connect = connectWith(WebSocket);

export { fileStore } from './file-store.ts';
export * from './public.ts';
