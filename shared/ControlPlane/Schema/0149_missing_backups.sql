-- expands: which tenants lack a recent backup, and the trials of backups in order of time
--
-- MISSING_BACKUPS has a row for each tenant whose newest good backup is older than its plan's schedule allows; it goes when a backup arrives.
-- LAST_AT is when that backup was taken, null if there is none; EXPECTED_BY when the next one should have been there.

create table control.missing_backups (
  tenant_id   bigint primary key references control.tenants (id),
  last_at     timestamptz,
  expected_by timestamptz not null,
  since       timestamptz not null,
  reason      text not null
);
create index missing_backups_by_time on control.missing_backups (since, tenant_id);

create index jobs_trials on control.jobs (created_at desc, id desc) where kind = 'verify-backup';
create index jobs_trials_open on control.jobs (requested_by) where kind = 'verify-backup' and finished_at is null;
