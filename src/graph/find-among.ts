/** The record of the first of the owners that has it; undefined if none has. */
export async function findAmong<Row>(
  owners: readonly string[],
  find: (ownerId: string) => Promise<Row | undefined> | Row | undefined,
): Promise<Row | undefined> {
  const found = await Promise.all(owners.map(find));
  return found.find((row) => row !== undefined);
}

/** The same for several records. The answers are in the order of the ids. */
export async function findAllAmong<Row>(
  owners: readonly string[],
  ids: readonly string[],
  find: (ownerId: string) => Promise<readonly (Row | undefined)[]>,
): Promise<(Row | undefined)[]> {
  const found = await Promise.all(owners.map(find));
  return ids.map((_id, index) => found.map((rows) => rows[index]).find((row) => row !== undefined));
}
