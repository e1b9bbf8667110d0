-- Who an activity is run for, and what it is limited with. Free work is handed out to owners in turn; work of a pool
-- only as far as the pool has room, counted over all workers. The trace goes along, so that the spans of all machines meet.

ALTER TABLE durable.activities ADD COLUMN owner text COLLATE "C" NOT NULL DEFAULT '', ADD COLUMN pool text COLLATE "C", ADD COLUMN trace_parent text;
CREATE INDEX activities_by_owner ON durable.activities (owner, available_at) WHERE pool IS NULL;
CREATE INDEX activities_by_pool ON durable.activities (pool, available_at) WHERE pool IS NOT NULL;
