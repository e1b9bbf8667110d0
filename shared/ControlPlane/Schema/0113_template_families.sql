-- expands: templates of one family are made for different countries and languages; an order takes the one that fits its own
alter table control.templates add column family text check (family ~ '^[a-z][a-z0-9-]{0,30}$');
create index templates_by_family on control.templates (family) where family is not null;
create index templates_by_code on control.templates (code);
