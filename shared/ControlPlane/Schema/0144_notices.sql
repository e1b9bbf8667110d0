-- expands: what customers and consoles are told, how each of them is told, and every attempt
--
-- A NOTICE is written in the transaction of what it tells. SUBJECT is whom its cause is about (tenant:17, customer:C-1042, installation); one of a kind,
-- subject and cause is open at a time, however often the cause repeats. CLOSED_AT is when the cause ended: the next one is told again. DATA has no secrets.
--
-- A DELIVERY is one notice on its way to one receiver; UID is what a receiver knows it by, the same at every attempt. A host that takes one counts the
-- attempt and puts NEXT_ATTEMPT_AT off by its lease in the same statement: if it dies, the delivery is due again then. GIVE_UP_AT ends the attempts.
--
-- An ATTEMPT without ENDED_AT is under way, or its host died before it could say how it went.

create table control.webhook_endpoints (
  id                    bigint generated always as identity primary key,
  url                   text not null,
  description           text,
  kinds                 text[] not null default '{}',
  enabled               boolean not null default true,
  disabled_reason       text,
  secret_version        integer not null default 1,
  previous_secret_until timestamptz,
  version               integer not null default 1,
  created_by            text not null,
  created_at            timestamptz not null,
  deleted_at            timestamptz
);

create table control.notices (
  id          bigint generated always as identity primary key,
  kind        text not null,
  subject     text not null,
  cause       text not null,
  tenant_id   bigint references control.tenants (id) on delete set null,
  tenant_code text,
  customer    text,
  data        jsonb not null,
  created_at  timestamptz not null,
  closed_at   timestamptz
);
create unique index notices_open on control.notices (kind, subject, cause) where closed_at is null;
create index notices_by_tenant on control.notices (tenant_code, id desc) where tenant_code is not null;
create index notices_by_kind on control.notices (kind, id desc);

create table control.notice_deliveries (
  id              bigint generated always as identity primary key,
  uid             uuid not null default gen_random_uuid(),
  notice_id       bigint not null references control.notices (id) on delete cascade,
  channel         text not null check (channel in ('email', 'webhook')),
  endpoint_id     bigint references control.webhook_endpoints (id),
  recipient       text,
  recipient_name  text,
  language        text,
  state           text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')),
  attempts        integer not null default 0,
  attempts_before integer not null default 0,
  next_attempt_at timestamptz not null,
  give_up_at      timestamptz not null,
  ended_at        timestamptz,
  reason          text,
  constraint notice_deliveries_receiver check ((channel = 'webhook') = (endpoint_id is not null) and (channel = 'email') = (recipient is not null))
);
create index notice_deliveries_due on control.notice_deliveries (next_attempt_at, id) where state = 'waiting';
create index notice_deliveries_by_notice on control.notice_deliveries (notice_id, state);
create index notice_deliveries_by_state on control.notice_deliveries (state, notice_id desc);

create table control.notice_attempts (
  delivery_id bigint not null references control.notice_deliveries (id) on delete cascade,
  number      integer not null,
  started_at  timestamptz not null,
  ended_at    timestamptz,
  result      text check (result in ('sent', 'failed', 'refused')),
  words       text,
  primary key (delivery_id, number),
  constraint notice_attempts_ended check ((ended_at is null) = (result is null))
);
