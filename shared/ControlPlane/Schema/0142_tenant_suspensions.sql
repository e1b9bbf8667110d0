-- expands: which tenants are suspended on purpose, why, and since when
--
-- A tenant that somebody suspended has a row from the order on until it is opened again or has ended; one that a failed job left suspended has none.
-- LIFTED_BY is the job that is opening it, and null while it is to stay suspended: whatever publishes a route or hands over a database asks
-- for that, so no other job opens it by the way. FAILURE says why the last attempt at opening it did not succeed.

create table control.tenant_suspensions (
  tenant_id    bigint primary key references control.tenants (id),
  cause        text not null check (cause in ('payment', 'operator')),
  reason       text not null,
  requested_by text not null,
  job_id       text not null,
  ordered_at   timestamptz not null,
  suspended_at timestamptz,
  lifted_by    text,
  failure      text
);
