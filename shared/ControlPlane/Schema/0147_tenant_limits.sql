-- expands: tenants have limits of their own, a version and a record of changes; who reaches a limit is remembered, and a tenant can be suspended for it
--
-- MAX_USERS and MAX_STORAGE_BYTES are the tenant's own limits; null: those of the version of the plan that it was sold.
-- VERSION counts the changes of what is told of a tenant, by whom or what ever: a change names the version that it was made of.
--
-- TENANT_LIMITS has a row for each limit of which 80 % or more is used, or of which people were told so. REACHED is the threshold that was told last.
-- OVER_SINCE is since when more is used than the limit allows; WARNED_AT when the customer was told that this leads to a suspension, from
-- which on the plan's grace counts: nobody is suspended for what was not announced.

alter table control.tenants
  add column max_users         integer check (max_users > 0),
  add column max_storage_bytes bigint check (max_storage_bytes > 0),
  add column version           integer not null default 1;

create function control.count_tenant_version() returns trigger language plpgsql as $$
begin
  new.version := old.version + 1;
  return new;
end $$;
create trigger count_tenant_version before update of name, customer, customer_name, customer_email, max_users, max_storage_bytes on control.tenants
  for each row
  when ((new.name, new.customer, new.customer_name, new.customer_email, new.max_users, new.max_storage_bytes)
        is distinct from (old.name, old.customer, old.customer_name, old.customer_email, old.max_users, old.max_storage_bytes))
  execute function control.count_tenant_version();

create table control.tenant_changes (
  id         bigint generated always as identity primary key,
  tenant_id  bigint not null references control.tenants (id),
  changed_by text not null,
  reason     text,
  changes    jsonb not null,
  changed_at timestamptz not null
);
create index tenant_changes_by_tenant on control.tenant_changes (tenant_id, id);

create table control.tenant_limits (
  tenant_id  bigint not null references control.tenants (id),
  resource   text not null check (resource in ('users', 'storage')),
  reached    integer not null check (reached in (0, 80, 100)),
  used       bigint not null,
  allowed    bigint not null,
  over_since timestamptz,
  warned_at  timestamptz check (warned_at is null or over_since is not null),
  checked_at timestamptz not null,
  primary key (tenant_id, resource)
);
create index tenant_limits_warned on control.tenant_limits (warned_at) where warned_at is not null;

alter table control.tenant_suspensions
  drop constraint tenant_suspensions_cause_check,
  add constraint tenant_suspensions_cause_check check (cause in ('payment', 'operator', 'quota'));
create index tenant_suspensions_by_quota on control.tenant_suspensions (tenant_id) where cause = 'quota';
