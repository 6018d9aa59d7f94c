// A worker does not inherit the TypeScript loader of its parent, so this file registers its own.
import { register } from 'tsx/esm/api';

register();
await import('./check-worker.ts');
