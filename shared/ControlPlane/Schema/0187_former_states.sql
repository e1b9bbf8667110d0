-- expands: what a tenant was before a change stays for a time of its own
--
-- KEPT_UNTIL: of a backup that was taken before a restore or a change of modules: until when it is kept whatever the plan says.

alter table control.backups add column kept_until timestamptz;
