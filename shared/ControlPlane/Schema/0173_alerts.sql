-- expands: what is wrong now and wants somebody's attention, and what was
--
-- An ALERT has one cause: KIND and SUBJECT, of which one is open at a time. FIRST_SEEN_AT is when a look found it; it is RAISED_AT once it has lasted as
-- long as its kind wants, and nobody hears of one that passes before. SEEN_AT is the last look that found it; the first that does not closes it.

create table control.alerts (
  id            bigint generated always as identity primary key,
  kind          text not null,
  subject       text not null,
  severity      text not null check (severity in ('warning', 'critical')),
  reason        text not null,
  first_seen_at timestamptz not null,
  seen_at       timestamptz not null,
  raised_at     timestamptz,
  closed_at     timestamptz check (closed_at is null or raised_at is not null)
);
create unique index alerts_open on control.alerts (kind, subject) where closed_at is null;
create index alerts_by_time on control.alerts (raised_at desc, id desc) where raised_at is not null;
create index alerts_closed on control.alerts (closed_at) where closed_at is not null;

create index jobs_by_subject on control.jobs (subject, kind, created_at desc);
