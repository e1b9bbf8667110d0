-- expands: a tenant's row has the number of the template's version that it was cloned from, beside its content hash
alter table control.tenants add column template_number integer not null default 1 check (template_number > 0);
create index tenants_live_by_template on control.tenants (template_id, template_number, id) where state not in ('failed', 'terminated');
create index tenants_being_cloned on control.tenants (server_id, template_database) where state = 'provisioning';
