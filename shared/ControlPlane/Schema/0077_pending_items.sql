-- What a living tenant still lacks, because something that it takes was away when it was ordered: done later by itself, and
-- shown until then. One row for each kind; it goes with what was missing, or with the tenant.
create table control.pending_items (
  tenant_id    bigint not null references control.tenants (id) on delete cascade,
  kind         text not null check (kind in ('first-backup', 'standard-user', 'smoke-test')),
  since        timestamptz not null,
  reason       text not null,
  attempts     integer not null default 0 check (attempts >= 0),
  last_attempt timestamptz,
  next_attempt timestamptz not null,
  primary key (tenant_id, kind)
);
create index pending_items_by_next_attempt on control.pending_items (next_attempt);
