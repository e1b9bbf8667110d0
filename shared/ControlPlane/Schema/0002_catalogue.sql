-- What comes with the product. Operators may change these rows afterwards; nothing here runs a second time.

insert into control.plans
  (code, name, sequence, price_period, user_limit, storage_quota_bytes, backup_schedule,
   retention_daily, retention_weekly, retention_monthly, grace_days)
values
  ('starter',    'Starter',    10, 'monthly', 5,    10737418240::bigint,  'daily', 7,  4, 0,  7),
  ('pro',        'Pro',        20, 'monthly', 25,   53687091200::bigint,  'daily', 14, 8, 6,  14),
  ('enterprise', 'Enterprise', 30, 'yearly',  null, 268435456000::bigint, 'daily', 30, 12, 12, 30)
on conflict (code) do nothing;

insert into control.template_catalogue (code, name, modules)
values
  ('blank',      'Blank',      '{base,web,mail,portal}'),
  ('restaurant', 'Restaurant', '{base,web,mail,portal,point_of_sale,pos_restaurant,stock,account}'),
  ('ecommerce',  'E-commerce', '{base,web,mail,portal,website,website_sale,stock,account,payment}'),
  ('services',   'Services',   '{base,web,mail,portal,crm,sale_management,project,hr_timesheet,account}')
on conflict (code) do nothing;

insert into control.offers (code, name, application, delivery, default_plan, default_template, database_pattern)
values
  ('odoo-shared', 'Odoo on a shared server', 'odoo', 'shared', 'starter', 'blank', '{subdomain}'),
  ('odoo-host',   'Odoo on a shared server, database named after the host', 'odoo', 'shared', 'starter', 'blank', '{host}')
on conflict (code) do nothing;
