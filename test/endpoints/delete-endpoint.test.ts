import { afterAll, beforeAll, expect, test } from 'vitest';
import { deleteEndpoint } from '../../src/endpoints/delete-endpoint.ts';
import { findEndpoint, listEndpoints } from '../../src/endpoints/endpoint.ts';
import { NotFoundError } from '../../src/errors.ts';
import { mintUuid } from '../../src/ids.ts';
import { by, openRoom, type Room } from './room.ts';

let room: Room;
beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

test('a deleted endpoint is found nowhere, its secrets are gone and its history is hidden', async () => {
  const ownerId = await room.newOwner();
  const { endpoint } = await room.newEndpoint(ownerId);
  const { endpoint: kept } = await room.newEndpoint(ownerId);
  const { deletedAt } = await room.act((trx) => deleteEndpoint(trx, { ownerId, id: endpoint.id, by }));

  expect(await findEndpoint(room.database.query, ownerId, endpoint.id)).toBeUndefined();
  const listed = await listEndpoints(room.database.query, ownerId, { page: {}, filter: {} });
  expect(listed.rows.map(({ id }) => id)).toEqual([kept.id]);
  expect(await room.secrets.keysInForce(room.database.query, ownerId, endpoint.id)).toEqual([]);
  expect(await room.secrets.keysInForce(room.database.query, ownerId, kept.id)).toHaveLength(1);
  const { rows } = await room.database.api.query(
    'select deleted_at, purged_through > $2::uuid as hidden from endpoint where id = $1',
    [endpoint.id, mintUuid()],
  );
  expect(rows).toEqual([{ deleted_at: deletedAt, hidden: true }]);
  expect((await room.audit(endpoint)).map(({ action }) => action)).toEqual([
    'endpoint.create',
    'endpoint.delete',
  ]);
});

test('deleting it again, or another owner’s, finds nothing', async () => {
  const ownerId = await room.newOwner();
  const { endpoint } = await room.newEndpoint(ownerId);
  const remove = (owner: string) =>
    room.act((trx) => deleteEndpoint(trx, { ownerId: owner, id: endpoint.id, by }));
  await expect(remove(await room.newOwner())).rejects.toThrow(NotFoundError);
  const [first, second] = await Promise.allSettled([remove(ownerId), remove(ownerId)]);
  expect([first?.status, second?.status].toSorted()).toEqual(['fulfilled', 'rejected']);
  await expect(remove(ownerId)).rejects.toThrow(NotFoundError);
  expect(await room.audit(endpoint)).toHaveLength(2);
});
