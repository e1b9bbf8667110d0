-- expands: what is looked at of each tenant from time to time, and when next
--
-- A row for each tenant and check: LIMITS compares what it uses with what it may use, BACKUPS looks whether a backup is missing, TRIAL has its newest
-- backup tried out. Each tenant has a moment of its own within the period of a check, which follows from its id: thousands do not come at once, and
-- those that were missed while no host ran come once, and at their own moments from then on.

create table control.tenant_checks (
  tenant_id bigint not null references control.tenants (id),
  name      text not null check (name in ('limits', 'backups', 'trial')),
  due_at    timestamptz not null,
  primary key (tenant_id, name)
);
create index tenant_checks_due on control.tenant_checks (name, due_at, tenant_id);
