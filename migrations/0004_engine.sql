create table worker (
  id uuid primary key,
  -- The advisory lock that the process holds while it lives and is connected.
  lock_key bigint not null,
  seen_at timestamptz(3) not null
);

-- 64 shards: 16 groups of owners by 4 groups of endpoints. Whoever holds the lease looks after the shard's endpoints;
-- the epoch rises with every change of hands.
create table shard_lease (
  shard smallint primary key,
  holder uuid,
  epoch bigint not null default 0,
  expires_at timestamptz(3) not null default now()
) with (fillfactor = 20);
insert into shard_lease (shard) select generate_series(0, 63);

-- The time that a UUID v7 carries, cut to the minute.
create function minute_of(id uuid) returns timestamptz language sql immutable parallel safe return
  to_timestamp(
    (('x' || lpad(replace(left(id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint / 60000) * 60
  );

-- For statements that check themselves: their transaction ends here.
create function refuse(reason text) returns bigint language plpgsql as $$
begin
  raise exception using errcode = 'HG001', message = reason;
end
$$;
