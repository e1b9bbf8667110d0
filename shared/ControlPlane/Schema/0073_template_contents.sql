-- What a template offers to its tenants, as its database said it when it was made or attached; null where nobody has looked yet.
alter table control.templates add column application text not null default 'odoo' check (application in ('odoo', 'magento', 'drupal'));
alter table control.templates add column contents jsonb;
