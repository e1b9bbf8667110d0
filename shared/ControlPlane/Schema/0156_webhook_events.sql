-- expands: what Odoo's webhooks delivered and what became of it, and which event of a record was the last
--
-- WEBHOOK_LOG has one row for each delivery of a caller whose address is known. BODY is what the record said as far as it names things (codes, plans,
-- events, host names); of all else it has the kind of value, never the value: no person, no address, no secret. The newest of each caller and state are
-- kept, and those for as long as Webhooks__KeepFor says. WEBHOOK_REFUSALS, which it replaces, is written by hosts of the version before only.
--
-- WEBHOOK_EVENTS is the last event of a record about each TOPIC (state, plan, backup). FINGERPRINT is a hash of everything that matters of it, so that a
-- record which is sent again, on every write, does nothing a second time, and does when it says something else.

create table control.webhook_log (
  id          bigint generated always as identity primary key,
  received_at timestamptz not null,
  caller      text not null,
  model       text,
  record_id   bigint,
  event       text,
  tenant      text,
  state       text not null check (state in ('taken', 'repeated', 'refused')),
  status      integer not null,
  kind        text,
  reason      text,
  errors      jsonb,
  notes       text[] not null default '{}',
  job_id      text,
  body        jsonb,
  constraint webhook_log_refused_why check ((state = 'refused') = (kind is not null) and (state <> 'refused' or reason is not null))
);
create index webhook_log_by_caller on control.webhook_log (caller, state, id desc);
create index webhook_log_by_state on control.webhook_log (state, id desc);
create index webhook_log_by_tenant on control.webhook_log (tenant, id desc) where tenant is not null;
create index webhook_log_by_time on control.webhook_log (received_at);

insert into control.webhook_log (received_at, caller, model, record_id, state, status, kind, reason, errors)
select received_at, caller, model, record_id, 'refused', status, kind, reason, errors from control.webhook_refusals order by id;

create table control.webhook_events (
  caller      text not null,
  model       text not null,
  record_id   bigint not null,
  topic       text not null check (topic in ('state', 'plan', 'backup')),
  fingerprint text not null,
  tenant_id   bigint not null references control.tenants (id),
  job_id      text,
  note        text,
  received_at timestamptz not null,
  primary key (caller, model, record_id, topic)
);
create index webhook_events_by_tenant on control.webhook_events (tenant_id);
