-- The databases that are ours. A tenant may write what he likes about a database, comments included; what is ours is known here,
-- by the server and the number that PostgreSQL gave it (oid), which neither a rename nor a comment changes.
--
-- A row without a number is of an installation that is older than this table: at the first look at its server the database is
-- taken over if name, mark and owner are as they were, once. What could not be taken over keeps its row, without a number, so
-- that nobody takes a stranger of that name for gone.

create table control.databases (
  id           bigint generated always as identity primary key,
  server_id    bigint not null references control.servers (id),
  oid          bigint check (oid between 1 and 4294967295),
  name         text not null check (octet_length(name) between 1 and 63),
  tenant_id    bigint references control.tenants (id),
  template_id  bigint references control.templates (id) on delete cascade,
  purpose      text not null check (purpose in ('current', 'former', 'restore', 'trial')),
  restored     text,
  content_hash text,
  mark         text,
  mark_owner   text,
  looked_at    timestamptz,
  recorded_at  timestamptz not null,
  constraint databases_of_one check ((tenant_id is null) <> (template_id is null))
);
create unique index databases_server_oid on control.databases (server_id, oid);
create index databases_by_tenant on control.databases (tenant_id, server_id);
create index databases_by_template on control.databases (template_id, server_id);
create index databases_by_name on control.databases (server_id, name);
create index databases_unseen on control.databases (server_id) where oid is null and looked_at is null;

insert into control.databases (server_id, name, tenant_id, purpose, mark, mark_owner, recorded_at)
select t.server_id, n.name, t.id, n.purpose, n.mark, s.db_user, now()
from control.tenants t
join control.servers s on s.id = t.server_id
cross join lateral (values
  (t.database, 'current', format('bibind tenant=%s code=%s', t.id, t.code)),
  (format('bibind-former-%s-%s', t.id, t.code), 'former', format('bibind tenant=%s code=%s', t.id, t.code)),
  (format('bibind-restore-%s-%s', t.id, t.code), 'restore', null)) n (name, purpose, mark)
where t.state not in ('failed', 'terminated') or t.leftovers;

insert into control.databases (server_id, name, template_id, purpose, mark, mark_owner, recorded_at)
select m.server_id, m.database, m.id, 'current', format('bibind template=%s', m.id), s.db_user, now()
from control.templates m
join control.servers s on s.id = m.server_id
where m.state <> 'draft';

-- What a trial that died left has a name that no tenant could be given.
insert into control.databases (server_id, name, tenant_id, purpose, mark_owner, recorded_at)
select distinct t.server_id, format('bibind-verify-%s-%s', t.id, left(encode(sha256(convert_to(j.subject, 'UTF8')), 'hex'), 12)), t.id, 'trial', s.db_user, now()
from control.jobs j
join control.tenants t on t.id = j.tenant_id
join control.servers s on s.id = t.server_id
where j.kind = 'verify-backup';
