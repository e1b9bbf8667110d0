-- Tables of the modules mail, portal, base_automation, payment and product, by their public names.
CREATE TABLE fetchmail_server (
  id serial PRIMARY KEY, port integer, object_id integer, priority integer, name varchar NOT NULL, state varchar, server varchar, server_type varchar NOT NULL,
  "user" varchar, password varchar, script varchar, configuration text, active boolean, is_ssl boolean, attach boolean, original boolean, date timestamp,
  error_date timestamp, error_message text);
CREATE TABLE mail_alias_domain (
  id serial PRIMARY KEY, sequence integer, name varchar NOT NULL, bounce_alias varchar NOT NULL, catchall_alias varchar NOT NULL, default_from varchar);
CREATE TABLE mail_alias (
  id serial PRIMARY KEY, alias_domain_id integer REFERENCES mail_alias_domain, alias_model_id integer NOT NULL REFERENCES ir_model,
  alias_force_thread_id integer, alias_parent_model_id integer, alias_parent_thread_id integer, alias_name varchar, alias_full_name varchar,
  alias_contact varchar NOT NULL, alias_status varchar, alias_bounced_content jsonb, alias_defaults text NOT NULL, alias_incoming_local boolean);
CREATE INDEX mail_alias_alias_full_name_index ON mail_alias (alias_full_name);
CREATE TABLE mail_message_subtype (
  id serial PRIMARY KEY, sequence integer, parent_id integer, name jsonb NOT NULL, res_model varchar, relation_field varchar, description jsonb,
  internal boolean, "default" boolean, hidden boolean, track_recipients boolean);
CREATE TABLE mail_activity_type (
  id serial PRIMARY KEY, sequence integer, delay_count integer, triggered_next_type_id integer, default_user_id integer, delay_unit varchar NOT NULL,
  delay_from varchar NOT NULL, icon varchar, decoration_type varchar, res_model varchar, category varchar, chaining_type varchar NOT NULL,
  name jsonb NOT NULL, summary jsonb, default_note jsonb, active boolean, keep_done boolean);
CREATE TABLE mail_activity (
  id serial PRIMARY KEY, res_model_id integer NOT NULL REFERENCES ir_model ON DELETE CASCADE, res_id integer,
  activity_type_id integer REFERENCES mail_activity_type, user_id integer REFERENCES res_users, request_partner_id integer, res_model varchar,
  res_name varchar, summary varchar, date_deadline date NOT NULL, date_done date, note text, feedback text, automated boolean, active boolean);
CREATE INDEX mail_activity_date_deadline_index ON mail_activity (date_deadline);
CREATE INDEX mail_activity_res_model_index ON mail_activity (res_model, res_id);
CREATE TABLE mail_message (
  id serial PRIMARY KEY, parent_id integer REFERENCES mail_message ON DELETE SET NULL, res_id integer, record_alias_domain_id integer,
  record_company_id integer, subtype_id integer REFERENCES mail_message_subtype ON DELETE SET NULL, mail_activity_type_id integer,
  author_id integer REFERENCES res_partner ON DELETE SET NULL, author_guest_id integer, mail_server_id integer REFERENCES ir_mail_server, subject varchar,
  model varchar, record_name varchar, message_type varchar NOT NULL, email_from varchar, message_id varchar, reply_to varchar, email_layout_xmlid varchar,
  body text, is_internal boolean, reply_to_force_new boolean, email_add_signature boolean, date timestamp, pinned_at timestamp);
CREATE INDEX mail_message_model_res_id_idx ON mail_message (model, res_id);
CREATE INDEX mail_message_author_id_index ON mail_message (author_id);
CREATE INDEX mail_message_message_id_index ON mail_message (message_id);
CREATE INDEX mail_message_date_index ON mail_message (date, res_id);
CREATE TABLE mail_mail (
  id serial PRIMARY KEY, mail_message_id integer NOT NULL REFERENCES mail_message ON DELETE CASCADE, fetchmail_server_id integer REFERENCES fetchmail_server,
  email_cc varchar, state varchar, failure_type varchar, body_html text, "references" text, headers text, email_to text, failure_reason text,
  is_notification boolean, auto_delete boolean, scheduled_date timestamp);
CREATE INDEX mail_mail_mail_message_id_index ON mail_mail (mail_message_id);
CREATE TABLE mail_notification (
  id serial PRIMARY KEY, author_id integer, mail_message_id integer NOT NULL REFERENCES mail_message ON DELETE CASCADE, mail_mail_id integer,
  res_partner_id integer REFERENCES res_partner ON DELETE CASCADE, notification_type varchar NOT NULL, notification_status varchar, failure_type varchar,
  failure_reason text, is_read boolean, read_date timestamp);
CREATE INDEX mail_notification_res_partner_id_index ON mail_notification (res_partner_id, is_read, notification_status, mail_message_id);
CREATE TABLE mail_followers (
  id serial PRIMARY KEY, res_id integer, partner_id integer NOT NULL REFERENCES res_partner ON DELETE CASCADE, res_model varchar NOT NULL,
  UNIQUE (res_model, res_id, partner_id));
CREATE TABLE mail_followers_mail_message_subtype_rel (
  mail_followers_id integer NOT NULL REFERENCES mail_followers ON DELETE CASCADE,
  mail_message_subtype_id integer NOT NULL REFERENCES mail_message_subtype ON DELETE CASCADE, PRIMARY KEY (mail_followers_id, mail_message_subtype_id));
CREATE TABLE mail_tracking_value (
  id serial PRIMARY KEY, field_id integer, old_value_integer integer, new_value_integer integer, currency_id integer,
  mail_message_id integer NOT NULL REFERENCES mail_message ON DELETE CASCADE, old_value_char varchar, new_value_char varchar, field_info jsonb,
  old_value_text text, new_value_text text, old_value_datetime timestamp, new_value_datetime timestamp, old_value_float double precision,
  new_value_float double precision);
CREATE INDEX mail_tracking_value_mail_message_id_idx ON mail_tracking_value (mail_message_id);
CREATE TABLE mail_template (
  id serial PRIMARY KEY, model_id integer REFERENCES ir_model, user_id integer, mail_server_id integer REFERENCES ir_mail_server, template_fs varchar,
  model varchar, lang varchar, email_from varchar, email_to varchar, partner_to varchar, email_cc varchar, reply_to varchar, email_layout_xmlid varchar,
  scheduled_date varchar, name jsonb, description jsonb, subject jsonb, body_html jsonb, active boolean, use_default_to boolean, auto_delete boolean);
CREATE INDEX mail_template_model_index ON mail_template (model);
CREATE TABLE mail_guest (id serial PRIMARY KEY, country_id integer, name varchar NOT NULL, access_token varchar NOT NULL, lang varchar, timezone varchar);
CREATE TABLE mail_push_device (
  id serial PRIMARY KEY, partner_id integer NOT NULL REFERENCES res_partner, endpoint varchar NOT NULL UNIQUE, keys varchar NOT NULL, expiration_time timestamp);
CREATE TABLE mail_push (id serial PRIMARY KEY, mail_push_device_id integer NOT NULL REFERENCES mail_push_device ON DELETE CASCADE, payload text);
CREATE TABLE mail_blacklist (id serial PRIMARY KEY, email varchar NOT NULL UNIQUE, active boolean);
CREATE TABLE mail_link_preview (id serial PRIMARY KEY, message_id integer REFERENCES mail_message ON DELETE CASCADE, source_url varchar NOT NULL, og_title varchar);
CREATE TABLE mail_canned_response (id serial PRIMARY KEY, source varchar NOT NULL, description varchar, substitution text NOT NULL, is_shared boolean);
CREATE TABLE discuss_channel (
  id serial PRIMARY KEY, parent_channel_id integer, group_public_id integer REFERENCES res_groups, name varchar NOT NULL, channel_type varchar NOT NULL,
  default_display_mode varchar, uuid varchar(50) UNIQUE, description text, active boolean, last_interest_dt timestamp);
CREATE TABLE discuss_channel_member (
  id serial PRIMARY KEY, partner_id integer REFERENCES res_partner, guest_id integer, channel_id integer NOT NULL REFERENCES discuss_channel ON DELETE CASCADE,
  fetched_message_id integer, seen_message_id integer, new_message_separator integer NOT NULL DEFAULT 0, custom_channel_name varchar, fold_state varchar,
  custom_notifications varchar, mute_until_dt timestamp, unpin_dt timestamp, last_interest_dt timestamp, last_seen_dt timestamp);
CREATE INDEX discuss_channel_member_partner_id_index ON discuss_channel_member (partner_id);
CREATE TABLE base_automation (
  id serial PRIMARY KEY, model_id integer NOT NULL REFERENCES ir_model ON DELETE CASCADE, trg_selection_field_id integer, trg_date_id integer,
  trg_date_range integer, trg_date_calendar_id integer, name jsonb NOT NULL, description text, trigger varchar NOT NULL, trg_date_range_type varchar,
  filter_pre_domain varchar, filter_domain varchar, webhook_uuid varchar, record_getter varchar, log_webhook_calls boolean, active boolean, last_run timestamp);
ALTER TABLE ir_act_server ADD FOREIGN KEY (base_automation_id) REFERENCES base_automation ON DELETE CASCADE;
CREATE TABLE payment_method (
  id serial PRIMARY KEY, sequence integer, primary_payment_method_id integer, name jsonb NOT NULL, code varchar NOT NULL, active boolean,
  support_tokenization boolean, support_express_checkout boolean, support_refund varchar);
CREATE TABLE payment_provider (
  id serial PRIMARY KEY, sequence integer, company_id integer NOT NULL REFERENCES res_company, redirect_form_view_id integer, module_id integer, color integer,
  code varchar NOT NULL, state varchar NOT NULL, name jsonb NOT NULL, pre_msg jsonb, pending_msg jsonb, done_msg jsonb, is_published boolean,
  allow_tokenization boolean, capture_manually boolean, allow_express_checkout boolean, maximum_amount numeric, website_id integer);
CREATE TABLE payment_token (
  id serial PRIMARY KEY, provider_id integer NOT NULL REFERENCES payment_provider, partner_id integer NOT NULL REFERENCES res_partner,
  payment_method_id integer REFERENCES payment_method, payment_details varchar, provider_ref varchar NOT NULL, active boolean);
CREATE TABLE payment_transaction (
  id serial PRIMARY KEY, provider_id integer NOT NULL REFERENCES payment_provider, payment_method_id integer REFERENCES payment_method,
  partner_id integer NOT NULL REFERENCES res_partner, currency_id integer NOT NULL REFERENCES res_currency, token_id integer REFERENCES payment_token,
  reference varchar NOT NULL UNIQUE, provider_reference varchar, state varchar NOT NULL, operation varchar, amount numeric NOT NULL, fees numeric,
  landing_route varchar, partner_name varchar, partner_email varchar, state_message text, tokenize boolean, last_state_change timestamp);
CREATE INDEX payment_transaction_state_index ON payment_transaction (state);
CREATE TABLE sms_sms (id serial PRIMARY KEY, partner_id integer, mail_message_id integer, uuid varchar UNIQUE, number varchar, state varchar NOT NULL, body text);
CREATE TABLE sms_template (id serial PRIMARY KEY, model_id integer NOT NULL REFERENCES ir_model ON DELETE CASCADE, name jsonb, body jsonb NOT NULL);
CREATE TABLE iap_service (id serial PRIMARY KEY, name varchar NOT NULL, technical_name varchar NOT NULL, description jsonb NOT NULL, unit_name jsonb, integer_balance boolean);
CREATE TABLE iap_account (
  id serial PRIMARY KEY, service_id integer REFERENCES iap_service, account_token varchar, name varchar, state varchar, warning_threshold double precision,
  sender_name varchar);
CREATE TABLE product_template (
  id serial PRIMARY KEY, categ_id integer, company_id integer REFERENCES res_company, type varchar NOT NULL, default_code varchar, name jsonb NOT NULL,
  description_sale jsonb, list_price numeric, volume numeric, weight numeric, sale_ok boolean, purchase_ok boolean, active boolean, service_tracking varchar);
CREATE INDEX product_template_company_id_index ON product_template (company_id);
