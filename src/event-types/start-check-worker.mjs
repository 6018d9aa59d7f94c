// A worker does not get the TypeScript loader of the process that starts it: this one brings its own.
import { register } from 'tsx/esm/api';

register();
await import('./check-worker.ts');
