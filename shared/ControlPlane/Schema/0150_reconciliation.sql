-- expands: what billing says of each tenant is compared with what is there, and what differs is listed
--
-- RECONCILIATION_TENANTS has one row for each tenant that is looked at: when it is due next, when it was last looked at, and what could not be asked
-- then. PHASE is its place within the interval, so that a fleet is spread over it, and stays so. RECONCILIATION_SERVERS says which machine looks at
-- the tenants of a server at this moment: one at a time. A claim that was not renewed in time is another's to take; what was not recorded is still due.
--
-- RECONCILIATION_FINDINGS are differences. One that was seen once is a suspicion and counts for nothing; CONFIRMED_AT is set when a second look, with no
-- job of the tenant between the two, saw it again. It is closed when a look does not see it any more. JOB_AT tells which jobs the tenant had had by then.
-- RECONCILIATION_REPAIRS has a row for each repair from before it begins on, which the limit of an hour is counted by.

create table control.reconciliation_tenants (
  tenant_id bigint primary key references control.tenants (id),
  server_id bigint not null references control.servers (id),
  phase     double precision not null default random(),
  due_at    timestamptz not null,
  looked_at timestamptz,
  failed_at timestamptz,
  reason    text
);
create index reconciliation_tenants_due on control.reconciliation_tenants (server_id, due_at);

create table control.reconciliation_servers (
  server_id     bigint primary key references control.servers (id),
  claim         uuid not null,
  claimed_until timestamptz not null
);

create table control.reconciliation_findings (
  id              bigint generated always as identity primary key,
  tenant_id       bigint not null references control.tenants (id),
  kind            text not null,
  subject         text not null,
  seen            text not null,
  first_seen_at   timestamptz not null,
  last_seen_at    timestamptz not null,
  job_at          timestamptz,
  confirmed_at    timestamptz,
  repair_attempts integer not null default 0,
  repaired_at     timestamptz,
  reason          text,
  closed_at       timestamptz,
  check (closed_at is null or confirmed_at is not null)
);
create unique index reconciliation_findings_open on control.reconciliation_findings (tenant_id, kind, subject) where closed_at is null;
create index reconciliation_findings_by_tenant on control.reconciliation_findings (tenant_id, id desc);
create index reconciliation_findings_by_kind on control.reconciliation_findings (kind, id desc) where confirmed_at is not null;
create index reconciliation_findings_by_state on control.reconciliation_findings (id desc) where confirmed_at is not null and closed_at is null;
create index reconciliation_findings_closed on control.reconciliation_findings (closed_at) where closed_at is not null;

create table control.reconciliation_repairs (
  id         bigint generated always as identity primary key,
  finding_id bigint not null references control.reconciliation_findings (id) on delete cascade,
  began_at   timestamptz not null,
  ended_at   timestamptz,
  failure    text
);
create index reconciliation_repairs_by_time on control.reconciliation_repairs (began_at);
create index reconciliation_repairs_by_finding on control.reconciliation_repairs (finding_id);
