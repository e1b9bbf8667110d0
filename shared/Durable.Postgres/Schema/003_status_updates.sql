-- A change of status is an update in place: the status stands in no index, and the page has room for the new version.

DROP INDEX durable.instances_unfinished;
CREATE INDEX instances_unfinished ON durable.instances (created_at DESC, instance_id DESC) WHERE completed_at IS NULL;
ALTER TABLE durable.instances SET (fillfactor = 70);
