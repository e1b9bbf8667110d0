-- expands: tenants are upgraded one by one, and what each had before can be brought back for a while
--
-- Of each upgrade, COPY_DATABASE is the database that it is rehearsed in, until that is proved to be gone. COPY_TRANSACTION and
-- TENANT_TRANSACTION are the transactions that ran its statements in the copy and in the tenant's database: written before they are
-- committed, so that a step that is repeated knows whether they were. PASSED_AT is when the application answered with the release: from
-- then on nothing is brought back by itself. KEEP_UNTIL is how long the safety backup is kept. UNDO_ATTEMPTS counts the orchestrations
-- that end an upgrade whose own was ended from outside.

alter table control.backups drop constraint backups_kind_check;
alter table control.backups add constraint backups_kind_check
  check (kind in ('first', 'final', 'manual', 'scheduled', 'move', 'rehearsal', 'upgrade'));

alter table control.tenants add column release text;

create table control.tenant_upgrades (
  id                 bigint generated always as identity primary key,
  tenant_id          bigint not null references control.tenants (id),
  job_id             text not null unique references control.jobs (id),
  version            text not null,
  kind               text not null check (kind in ('odoo-bin', 'sql', 'rpc')),
  input              jsonb not null,
  dry_run            boolean not null,
  state              text not null check (state in (
                       'rehearsing', 'waiting', 'upgrading', 'opening',
                       'upgraded', 'rehearsed', 'refused', 'rehearsal-failed', 'rolled-back', 'failed', 'taken-back')),
  reason             text not null,
  requested_by       text not null,
  requested_at       timestamptz not null,
  rollout            text,
  previous_version   text,
  copy_database      text,
  copy_transaction   bigint,
  tenant_transaction bigint,
  passed_at          timestamptz,
  undo_attempts      integer not null default 0,
  safety_backup_id   text,
  keep_until         timestamptz,
  confirmed_by       text,
  rollback_job_id    text,
  ended_at           timestamptz,
  outage_ms          bigint check (outage_ms >= 0),
  failure            text
);
create index tenant_upgrades_by_tenant on control.tenant_upgrades (tenant_id, id desc);
create unique index tenant_upgrades_open on control.tenant_upgrades (tenant_id) where ended_at is null;
create index tenant_upgrades_kept on control.tenant_upgrades (keep_until) where keep_until is not null;
create index tenant_upgrades_copies on control.tenant_upgrades (tenant_id) where copy_database is not null;
create index tenant_upgrades_rollbacks on control.tenant_upgrades (rollback_job_id) where rollback_job_id is not null;
