-- expands: tenants that are staging copies of others, with the day on which each is removed
--
-- A row for each copy there was; the copy's own row in control.tenants is that of any tenant. EXPIRES_AT is when it is removed by itself, and
-- null once it has ended. MASKING is what the last order wanted to be masked. VERSION counts the changes of the row.

alter table control.backups drop constraint backups_kind_check;
alter table control.backups add constraint backups_kind_check
  check (kind in ('first', 'final', 'manual', 'scheduled', 'move', 'rehearsal', 'upgrade', 'staging'));
create index backups_of_staging on control.backups (id) where kind = 'staging';

create table control.tenant_staging (
  tenant_id        bigint primary key references control.tenants (id),
  source_tenant_id bigint not null references control.tenants (id),
  expires_at       timestamptz,
  masking          jsonb not null,
  job_id           text not null references control.jobs (id),
  ordered_by       text not null,
  ordered_at       timestamptz not null,
  version          integer not null default 1,
  check (tenant_id <> source_tenant_id)
);
create index tenant_staging_by_source on control.tenant_staging (source_tenant_id, tenant_id desc);
create index tenant_staging_by_expiry on control.tenant_staging (expires_at) where expires_at is not null;
