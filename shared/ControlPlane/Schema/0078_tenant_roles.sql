-- The PostgreSQL role that a tenant's own database is entered with; null for tenants that share the application's.
alter table control.tenants add column database_role text check (octet_length(database_role) between 1 and 63);
