-- What a job has to tell people besides its result: fields of a webhook that nobody knew, say.
alter table control.jobs add column if not exists notes text[] not null default '{}';

-- Deliveries of webhooks that were refused, with the reason: whoever sent them shows it to nobody. Never the body, nor the
-- address that was called. The newest of each caller are kept, and those for some weeks.
create table control.webhook_refusals (
  id          bigint generated always as identity primary key,
  received_at timestamptz not null,
  caller      text not null,
  model       text,
  record_id   bigint,
  status      integer not null,
  kind        text not null,
  reason      text not null,
  errors      jsonb
);
create index webhook_refusals_by_caller on control.webhook_refusals (caller, id desc);

-- Who saw a secret, as a hash of the caller and of the key that was sent along: the same request gets it again for a moment, for
-- its answer may have been lost on the way.
alter table control.secrets add column revealed_to text;
