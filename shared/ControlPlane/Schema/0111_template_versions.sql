-- expands: a template has versions, of which one is cloned; a tenant remembers which one it came from
--
-- TEMPLATES keeps what orders and warm pools read: database and content of the version that is current. TEMPLATE_VERSIONS has all of
-- them: building -> candidate -> trial -> current -> previous -> retired, or failed. A trial that fails makes it a candidate again. At
-- most one version of a template is current, one previous, one on trial, and one gets a share of the orders before it is current; the
-- indexes below say so, whoever asks at the same moment. A retired version's database is dropped when nobody clones from it any more:
-- dropped_at. The file store of a version bears its database's name.
--
-- Number 1 is what a template was made or attached with. Its database is recorded as the template's (DATABASES.TEMPLATE_NUMBER is
-- null), those of later versions with their number, so that dropping one never finds another's. What is tried out in is the version's
-- with the purpose trial.

create table control.template_versions (
  template_id    bigint not null references control.templates (id) on delete cascade,
  number         integer not null check (number > 0),
  server_id      bigint not null references control.servers (id),
  state          text not null check (state in ('building', 'candidate', 'trial', 'current', 'previous', 'retired', 'failed')),
  database       text not null check (octet_length(database) between 1 and 63),
  attached       boolean not null default false,
  modules        text[] not null,
  language       text not null,
  country        text,
  version        text,
  content_hash   text,
  contents       jsonb,
  bytes          bigint,
  canary_percent integer not null default 0 check (canary_percent between 0 and 99),
  job_id         text,
  reason         text,
  requested_by   text not null,
  created_at     timestamptz not null,
  ready_at       timestamptz,
  tried_at       timestamptz,
  promoted_at    timestamptz,
  retired_at     timestamptz,
  dropped_at     timestamptz,
  primary key (template_id, number)
);
create unique index template_versions_current on control.template_versions (template_id) where state = 'current';
create unique index template_versions_previous on control.template_versions (template_id) where state = 'previous';
create unique index template_versions_trial on control.template_versions (template_id) where state = 'trial';
create unique index template_versions_canary on control.template_versions (template_id) where canary_percent > 0;
create unique index template_versions_database on control.template_versions (server_id, database)
  where state <> 'failed' and dropped_at is null;
create index template_versions_to_drop on control.template_versions (retired_at) where state = 'retired' and dropped_at is null;

-- Who did what with which version, and why.
create table control.template_version_changes (
  id          bigint generated always as identity primary key,
  template_id bigint not null references control.templates (id) on delete cascade,
  number      integer not null,
  action      text not null,
  changed_by  text not null,
  reason      text not null,
  changed_at  timestamptz not null
);
create index template_version_changes_by_template on control.template_version_changes (template_id, id);

insert into control.template_versions (
  template_id, number, server_id, state, database, modules, language, country, version, content_hash, contents, bytes, requested_by,
  created_at, ready_at, promoted_at)
select m.id, 1, m.server_id, 'current', m.database, m.modules, m.language, m.contents ->> 'fiscalCountry', m.version, m.content_hash, m.contents,
       m.bytes, 'template', m.created_at, m.ready_at, m.ready_at
from control.templates m where m.state = 'ready';

