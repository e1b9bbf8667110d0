-- What a trial of a backup found: the receipt of the last one that went well.
alter table control.backups add column verified_at timestamptz;
alter table control.backups add column receipt jsonb;
