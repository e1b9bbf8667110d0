-- expands: the limits over all machines that each live host works with, so that hosts that disagree are noticed
create table control.host_limits (
  host    text primary key,
  limits  jsonb not null,
  seen_at timestamptz not null
);
