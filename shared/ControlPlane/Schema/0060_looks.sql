-- When somebody looked last whether anything of a tenant that has ended came to be after the proof that nothing was left:
-- a machine that slept through the end may wake up and finish what it was about to make.
alter table control.tenants add column looked_at timestamptz;
