-- The archive of the tenant's files that lies beside a dump; null for backups without one.
alter table control.backups add column files_bytes bigint check (files_bytes >= 0);
alter table control.backups add column files_sha256 text;
alter table control.backups add check ((files_bytes is null) = (files_sha256 is null));
