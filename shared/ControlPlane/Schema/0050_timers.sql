-- The last moment of each schedule that was run; its row is locked while the next one runs.
create table control.timers (
  name    text primary key,
  ran_for timestamptz not null
);

-- For when the pump was sent a wake-up last; one row.
create table control.wake_ups (
  only_row  boolean primary key check (only_row),
  armed_for timestamptz not null
);
