-- What billing sent, once each however often it was delivered. 'waiting' is delivered again until its turn comes or no
-- attempt is left; 'done' and 'parked' are settled for good; 'refused' lets a corrected replay through.
create table control.billing_inbox (
  id          text primary key,
  type        text not null,
  tenant      text not null,
  sequence    bigint not null check (sequence > 0),
  occurred_at timestamptz not null,
  -- As it was sent: jsonb would refuse what JSON may hold.
  data        json not null,
  state       text not null check (state in ('waiting', 'done', 'parked', 'refused')),
  reason      text,
  job_id      text references control.jobs (id),
  deliveries  integer not null default 1,
  received_at timestamptz not null,
  updated_at  timestamptz not null
);
create index billing_inbox_by_tenant on control.billing_inbox (tenant, sequence);
create index billing_inbox_unsettled on control.billing_inbox (state, received_at) where state <> 'done';
