-- expands: a database of a template is that of one of its versions; null is the first, as before there were versions
alter table control.databases add column template_number integer check (template_number > 1);
