import { citusLayout } from './citus.ts';
import { directClient } from './direct-client.ts';
import { hasCitus } from './distribute.ts';
import { type Layout, plainLayout } from './layout.ts';

/** How the tables of this database lie. Called after the migrations, which distribute them. */
export async function findLayout(url: string): Promise<Layout> {
  const client = directClient(url);
  await client.connect();
  try {
    return (await hasCitus(client)) ? await citusLayout(client) : plainLayout;
  } finally {
    await client.end();
  }
}
