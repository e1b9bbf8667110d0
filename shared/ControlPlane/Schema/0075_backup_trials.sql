-- What of a tenant does not come back with a backup, and how the last trial of it ended.
alter table control.backups add column notes text[] not null default '{}';
alter table control.backups add column tried_at timestamptz;
alter table control.backups add column trial_failure text;
update control.backups set tried_at = verified_at;
