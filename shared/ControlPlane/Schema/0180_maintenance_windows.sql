-- expands: tenants have a maintenance window of their own
--
-- MAINTENANCE_WINDOW: from, until, days and time zone; null: the tenant may be closed at any time.

alter table control.tenants add column maintenance_window jsonb check (jsonb_typeof(maintenance_window) = 'object');

drop trigger count_tenant_version on control.tenants;
create trigger count_tenant_version
  before update of name, customer, customer_name, customer_email, max_users, max_storage_bytes, maintenance_window on control.tenants
  for each row
  when ((new.name, new.customer, new.customer_name, new.customer_email, new.max_users, new.max_storage_bytes, new.maintenance_window)
        is distinct from (old.name, old.customer, old.customer_name, old.customer_email, old.max_users, old.max_storage_bytes, old.maintenance_window))
  execute function control.count_tenant_version();
