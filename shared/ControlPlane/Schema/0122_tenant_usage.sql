-- expands: what tenants use is measured by timer, with a history
--
-- TENANT_USAGE has one row for each tenant that is measured: when it is due next, what was measured last, and why the last try failed, if it did:
-- what could not be measured keeps its last value. USAGE_SERVERS says which machine measures the tenants of a server at this moment: one at a time,
-- so that a server's load has a limit. A claim that was not renewed in time is another's to take; what was not recorded is still due, and a result
-- under a claim that was taken over is dropped. USAGE_HOURS is the history of the last days, one row for each tenant and hour; USAGE_DAYS is what
-- becomes of it, one row for each tenant and day, with the highest values of the day.

create table control.tenant_usage (
  tenant_id        bigint primary key references control.tenants (id),
  server_id        bigint not null references control.servers (id),
  due_at           timestamptz not null,
  measured_at      timestamptz,
  users            integer check (users >= 0),
  database_bytes   bigint check (database_bytes >= 0),
  file_store_bytes bigint check (file_store_bytes >= 0),
  bucket_bytes     bigint check (bucket_bytes >= 0),
  storage_bytes    bigint generated always as (coalesce(file_store_bytes, 0) + coalesce(bucket_bytes, 0)) stored,
  total_bytes      bigint generated always as (coalesce(database_bytes, 0) + coalesce(file_store_bytes, 0) + coalesce(bucket_bytes, 0)) stored,
  failed_at        timestamptz,
  reason           text
);
create index tenant_usage_due on control.tenant_usage (server_id, due_at);
create index tenant_usage_by_size on control.tenant_usage (total_bytes desc, tenant_id);
create index tenant_usage_by_users on control.tenant_usage (users desc nulls last, tenant_id);

create table control.usage_servers (
  server_id     bigint primary key references control.servers (id),
  claim         uuid not null,
  claimed_until timestamptz not null
);

create table control.usage_hours (
  tenant_id        bigint not null references control.tenants (id),
  at               timestamptz not null,
  users            integer,
  database_bytes   bigint,
  file_store_bytes bigint,
  bucket_bytes     bigint,
  primary key (tenant_id, at)
);
create index usage_hours_by_time on control.usage_hours (at);

create table control.usage_days (
  tenant_id        bigint not null references control.tenants (id),
  at               timestamptz not null,
  users            integer,
  database_bytes   bigint,
  file_store_bytes bigint,
  bucket_bytes     bigint,
  primary key (tenant_id, at)
);
create index usage_days_by_time on control.usage_days (at);
