-- Tenants' databases are entered as the application's role, with its own password. db_user is the maintenance role from now on, which
-- enters none of them. Servers registered before have no such password until `roles apply` or the settings give it.
alter table control.servers add column application_password_secret text;
