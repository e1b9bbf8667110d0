-- Tables of the module base, by their public names. The columns that every ORM table has come from 40-orm-columns.sql.
CREATE TABLE ir_config_parameter (id serial PRIMARY KEY, key varchar NOT NULL UNIQUE, value text NOT NULL);
CREATE TABLE ir_model_data (
  id serial PRIMARY KEY, res_id integer, noupdate boolean DEFAULT false, name varchar NOT NULL, module varchar NOT NULL, model varchar NOT NULL);
CREATE UNIQUE INDEX ir_model_data_module_name_uniq_index ON ir_model_data (module, name);
CREATE INDEX ir_model_data_model_res_id_index ON ir_model_data (model, res_id);

CREATE TABLE ir_module_category (
  id serial PRIMARY KEY, parent_id integer, sequence integer, name jsonb NOT NULL, description jsonb, visible boolean, exclusive boolean);
CREATE TABLE ir_module_module (
  id serial PRIMARY KEY, website varchar, summary jsonb, name varchar NOT NULL UNIQUE, author varchar, icon varchar, state varchar(16),
  latest_version varchar, shortdesc jsonb, category_id integer REFERENCES ir_module_category, description jsonb, application boolean DEFAULT false,
  demo boolean DEFAULT false, web boolean DEFAULT false, license varchar(32), sequence integer DEFAULT 100, auto_install boolean DEFAULT false,
  to_buy boolean DEFAULT false, maintainer varchar, published_version varchar, url varchar, contributors text, menus_by_module text,
  reports_by_module text, views_by_module text);
CREATE INDEX ir_module_module_state_index ON ir_module_module (state);
CREATE TABLE ir_module_module_dependency (
  id serial PRIMARY KEY, module_id integer REFERENCES ir_module_module ON DELETE CASCADE, name varchar, auto_install_required boolean DEFAULT true);
CREATE INDEX ir_module_module_dependency_name_index ON ir_module_module_dependency (name);

CREATE TABLE ir_model (
  id serial PRIMARY KEY, model varchar NOT NULL UNIQUE, "order" varchar NOT NULL DEFAULT 'id', state varchar, name jsonb NOT NULL, info text,
  transient boolean, is_mail_thread boolean, is_mail_activity boolean, is_mail_blacklist boolean);
CREATE TABLE ir_model_fields (
  id serial PRIMARY KEY, relation_field_id integer, model_id integer NOT NULL REFERENCES ir_model ON DELETE CASCADE, related_field_id integer,
  size integer, name varchar NOT NULL, complete_name varchar, model varchar NOT NULL, relation varchar, relation_field varchar, ttype varchar NOT NULL,
  related varchar, state varchar NOT NULL, on_delete varchar, domain varchar, relation_table varchar, column1 varchar, column2 varchar, depends varchar,
  currency_field varchar, field_description jsonb NOT NULL, help jsonb, compute text, copied boolean, required boolean, readonly boolean, index boolean,
  translate boolean, group_expand boolean, selectable boolean, store boolean, sanitize boolean, tracking integer);
CREATE INDEX ir_model_fields_complete_name_index ON ir_model_fields (complete_name);
CREATE INDEX ir_model_fields_model_id_index ON ir_model_fields (model_id);
CREATE INDEX ir_model_fields_model_index ON ir_model_fields (model);
CREATE INDEX ir_model_fields_name_index ON ir_model_fields (name);
CREATE TABLE ir_model_fields_selection (
  id serial PRIMARY KEY, field_id integer NOT NULL REFERENCES ir_model_fields ON DELETE CASCADE, sequence integer, value varchar NOT NULL, name jsonb NOT NULL);
CREATE TABLE res_groups (id serial PRIMARY KEY, category_id integer, color integer, name jsonb NOT NULL, comment jsonb, share boolean);
CREATE TABLE ir_model_access (
  id serial PRIMARY KEY, model_id integer NOT NULL REFERENCES ir_model ON DELETE CASCADE, group_id integer REFERENCES res_groups, name varchar NOT NULL,
  active boolean, perm_read boolean, perm_write boolean, perm_create boolean, perm_unlink boolean);
CREATE INDEX ir_model_access_model_id_index ON ir_model_access (model_id);
CREATE INDEX ir_model_access_group_id_index ON ir_model_access (group_id);
CREATE TABLE ir_rule (
  id serial PRIMARY KEY, model_id integer NOT NULL REFERENCES ir_model ON DELETE CASCADE, name varchar, domain_force text, active boolean,
  perm_read boolean, perm_write boolean, perm_create boolean, perm_unlink boolean, global boolean);
CREATE TABLE rule_group_rel (rule_group_id integer NOT NULL, group_id integer NOT NULL, PRIMARY KEY (rule_group_id, group_id));

CREATE TABLE ir_ui_view (
  id serial PRIMARY KEY, priority integer NOT NULL DEFAULT 16, inherit_id integer REFERENCES ir_ui_view, name varchar NOT NULL, model varchar, key varchar,
  type varchar, arch_fs varchar, mode varchar NOT NULL DEFAULT 'primary', arch_db jsonb, arch_prev text, arch_updated boolean, active boolean,
  customize_show boolean, website_id integer, track boolean, visibility varchar, theme_template_id integer);
CREATE INDEX ir_ui_view_model_type_inherit_id ON ir_ui_view (model, inherit_id);
CREATE INDEX ir_ui_view_inherit_id_index ON ir_ui_view (inherit_id);
CREATE INDEX ir_ui_view_key_index ON ir_ui_view (key);
CREATE TABLE ir_ui_menu (
  id serial PRIMARY KEY, sequence integer, parent_id integer REFERENCES ir_ui_menu, parent_path varchar, web_icon varchar, action varchar,
  name jsonb NOT NULL, active boolean);
CREATE INDEX ir_ui_menu_parent_id_index ON ir_ui_menu (parent_id);
CREATE INDEX ir_ui_menu_parent_path_index ON ir_ui_menu (parent_path);

CREATE TABLE ir_actions (
  id serial PRIMARY KEY, type varchar NOT NULL, name jsonb NOT NULL, help jsonb, binding_model_id integer, binding_type varchar NOT NULL DEFAULT 'action',
  binding_view_types varchar, path varchar);
CREATE TABLE ir_act_window (
  id integer PRIMARY KEY DEFAULT nextval('ir_actions_id_seq'), type varchar NOT NULL, name jsonb NOT NULL, help jsonb, view_id integer,
  res_id integer, "limit" integer, search_view_id integer, domain varchar, context varchar NOT NULL DEFAULT '{}', res_model varchar NOT NULL,
  target varchar, view_mode varchar NOT NULL DEFAULT 'list,form', usage varchar, filter boolean);
CREATE TABLE ir_act_server (
  id integer PRIMARY KEY DEFAULT nextval('ir_actions_id_seq'), type varchar NOT NULL, name jsonb NOT NULL, help jsonb, sequence integer,
  model_id integer REFERENCES ir_model ON DELETE CASCADE, model_name varchar, usage varchar NOT NULL DEFAULT 'ir_actions_server', state varchar NOT NULL,
  code text, webhook_url varchar, base_automation_id integer, template_id integer, activity_summary varchar);
CREATE INDEX ir_act_server_model_id_index ON ir_act_server (model_id);
CREATE TABLE ir_act_report_xml (
  id integer PRIMARY KEY DEFAULT nextval('ir_actions_id_seq'), type varchar NOT NULL, name jsonb NOT NULL, help jsonb, model varchar NOT NULL,
  report_type varchar NOT NULL, report_name varchar NOT NULL, report_file varchar, paperformat_id integer, multi boolean, attachment varchar);
CREATE TABLE ir_cron (
  id serial PRIMARY KEY, ir_actions_server_id integer NOT NULL REFERENCES ir_act_server ON DELETE RESTRICT, user_id integer NOT NULL,
  interval_number integer NOT NULL, priority integer, failure_count integer DEFAULT 0, cron_name varchar, interval_type varchar NOT NULL, active boolean,
  nextcall timestamp NOT NULL, lastcall timestamp, first_failure_date timestamp);
CREATE TABLE ir_cron_trigger (id serial PRIMARY KEY, cron_id integer REFERENCES ir_cron ON DELETE CASCADE, call_at timestamp);
CREATE INDEX ir_cron_trigger_call_at_index ON ir_cron_trigger (call_at);
CREATE TABLE ir_cron_progress (id serial PRIMARY KEY, cron_id integer REFERENCES ir_cron ON DELETE CASCADE, remaining integer, done integer, deactivate boolean);
CREATE TABLE ir_sequence (
  id serial PRIMARY KEY, number_next integer NOT NULL, number_increment integer NOT NULL, padding integer NOT NULL, company_id integer, name varchar NOT NULL,
  code varchar, implementation varchar NOT NULL, prefix varchar, suffix varchar, active boolean, use_date_range boolean);
CREATE TABLE ir_default (
  id serial PRIMARY KEY, field_id integer NOT NULL REFERENCES ir_model_fields ON DELETE CASCADE, user_id integer, company_id integer, condition varchar,
  json_value varchar NOT NULL);
CREATE TABLE ir_filters (
  id serial PRIMARY KEY, user_id integer, action_id integer, name varchar NOT NULL, sort varchar NOT NULL DEFAULT '[]', model_id varchar NOT NULL,
  domain text NOT NULL DEFAULT '[]', context text NOT NULL DEFAULT '{}', is_default boolean, active boolean);
CREATE TABLE ir_logging (
  id serial PRIMARY KEY, name varchar NOT NULL, level varchar, dbname varchar, type varchar NOT NULL, path varchar NOT NULL, func varchar NOT NULL,
  line varchar NOT NULL, message text NOT NULL);
CREATE TABLE ir_asset (
  id serial PRIMARY KEY, sequence integer NOT NULL, name varchar NOT NULL, bundle varchar NOT NULL, directive varchar, path varchar NOT NULL, target varchar,
  active boolean);
CREATE TABLE ir_attachment (
  id serial PRIMARY KEY, res_id integer, company_id integer, file_size integer, name varchar NOT NULL, res_model varchar, res_field varchar,
  type varchar NOT NULL, url varchar(1024), access_token varchar, store_fname varchar, checksum varchar(40), mimetype varchar, description text,
  index_content text, public boolean, db_datas bytea, original_id integer, website_id integer, key varchar);
CREATE INDEX ir_attachment_checksum_index ON ir_attachment (checksum);
CREATE INDEX ir_attachment_res_idx ON ir_attachment (res_model, res_id);
CREATE INDEX ir_attachment_store_fname_index ON ir_attachment (store_fname);
CREATE INDEX ir_attachment_url_index ON ir_attachment (url) WHERE url IS NOT NULL;
CREATE TABLE ir_mail_server (
  id serial PRIMARY KEY, smtp_port integer, sequence integer, name varchar NOT NULL, from_filter varchar, smtp_host varchar,
  smtp_authentication varchar NOT NULL, smtp_user varchar, smtp_pass varchar, smtp_encryption varchar NOT NULL, smtp_debug boolean, active boolean);
CREATE TABLE ir_profile (id serial PRIMARY KEY, session varchar, name varchar, duration double precision, init_stack_trace text, sql text, speedscope bytea);
CREATE TABLE report_paperformat (
  id serial PRIMARY KEY, page_height integer, page_width integer, header_spacing integer, dpi integer NOT NULL, name varchar NOT NULL, format varchar,
  orientation varchar, "default" boolean, header_line boolean, margin_top double precision, margin_bottom double precision, margin_left double precision,
  margin_right double precision);
CREATE TABLE decimal_precision (id serial PRIMARY KEY, name varchar NOT NULL UNIQUE, digits integer NOT NULL);
CREATE TABLE bus_bus (id serial PRIMARY KEY, channel varchar, message varchar);
CREATE TABLE bus_presence (id serial PRIMARY KEY, user_id integer UNIQUE, guest_id integer, status varchar, last_poll timestamp, last_presence timestamp);
