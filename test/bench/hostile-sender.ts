import { type HostileRequest, hostileRequests, type Nuisance } from './hostile-requests.ts';

/**
 * A process that gets the name of a hostile request, sends it again and again until it gets another message, and
 * answers with how often it sent.
 */
process.once('message', async ({ name, to, atOnce }: { name: string; to: Nuisance; atOnce: number }) => {
  const hostile: HostileRequest | undefined = hostileRequests[name];
  if (hostile === undefined) throw new Error(`There is no hostile request \`${name}\`.`);
  let ending = false;
  let sent = 0;
  process.once('message', () => {
    ending = true;
  });
  process.send?.('started');
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (!ending) {
        // A connection that the server ends counts as an answer, too.
        await hostile(to).catch(() => undefined);
        sent += 1;
      }
    }),
  );
  process.send?.(sent, () => process.disconnect());
});
