-- expands: an upgrade that waits for its time can be called off

alter table control.tenant_upgrades drop constraint tenant_upgrades_state_check;
alter table control.tenant_upgrades add constraint tenant_upgrades_state_check check (state in (
  'rehearsing', 'waiting', 'upgrading', 'opening',
  'upgraded', 'rehearsed', 'refused', 'rehearsal-failed', 'rolled-back', 'failed', 'taken-back', 'cancelled'));
