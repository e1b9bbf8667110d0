-- What is handed to an engine that does not live in this database: written in the transaction that orders it, deleted when it is
-- delivered (Durable__Engine=scheduler; empty on every other engine). Messages of one instance are delivered in the order of their ids.
create table control.orchestration_outbox (
  id           bigint generated always as identity primary key,
  instance_id  text not null,
  kind         smallint not null check (kind between 0 and 4),
  name         text not null,
  version      text not null,
  payload      text,
  tags         jsonb not null,
  start_at     timestamptz,
  recursive    boolean not null,
  created_at   timestamptz not null,
  attempts     integer not null default 0 check (attempts >= 0),
  next_attempt timestamptz not null,
  last_error   text
);
create index orchestration_outbox_by_instance on control.orchestration_outbox (instance_id);
create unique index orchestration_outbox_starts on control.orchestration_outbox (instance_id) where kind = 0;
create index orchestration_outbox_by_next_attempt on control.orchestration_outbox (next_attempt);
