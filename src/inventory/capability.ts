import { readFileSync } from 'node:fs';
import type { AppPermission, Permission } from '../access/permissions.ts';

/** One operation of the service: a root field of the schema, or an HTTP route. */
export type CapabilityEntry = Readonly<{
  method: string;
  path: string;
  family: string;
  description: string;
  auth: readonly string[];
  permissions: readonly Permission[];
  appPermissions: readonly AppPermission[];
  request: string;
  response: string;
  errors: readonly string[];
  records: readonly string[];
  sideEffects: readonly string[];
  idempotency: string;
  deprecation: string | null;
  source: string;
  proof: string;
}>;

/** The file to which `npm run generate` writes the inventory for the program. */
const inventoryFile = new URL('../../schema/capabilities.json', import.meta.url);

let inventory: readonly CapabilityEntry[] | undefined;

/** The inventory as generated from the schema, the routes and the sources. `npm run check` keeps it up to date. */
export function readInventory(): readonly CapabilityEntry[] {
  inventory ??= JSON.parse(readFileSync(inventoryFile, 'utf8')) as readonly CapabilityEntry[];
  return inventory;
}
