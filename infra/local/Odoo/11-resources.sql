-- The res_ tables of the module base: people, companies, places, money.
CREATE TABLE res_lang (
  id serial PRIMARY KEY, name varchar NOT NULL UNIQUE, code varchar NOT NULL UNIQUE, iso_code varchar, url_code varchar NOT NULL UNIQUE,
  direction varchar NOT NULL DEFAULT 'ltr', date_format varchar NOT NULL, time_format varchar NOT NULL, short_time_format varchar,
  week_start varchar NOT NULL, grouping varchar NOT NULL, decimal_point varchar NOT NULL, thousands_sep varchar, active boolean);
CREATE TABLE res_currency (
  id serial PRIMARY KEY, name varchar(3) NOT NULL UNIQUE, symbol varchar NOT NULL, decimal_places integer, full_name varchar, position varchar,
  currency_unit_label jsonb, currency_subunit_label jsonb, rounding numeric, active boolean, iso_numeric integer);
CREATE TABLE res_country_group (id serial PRIMARY KEY, name jsonb NOT NULL);
CREATE TABLE res_country (
  id serial PRIMARY KEY, address_view_id integer, currency_id integer REFERENCES res_currency, phone_code integer, code varchar(2) NOT NULL UNIQUE,
  name_position varchar, name jsonb NOT NULL, vat_label jsonb, address_format text, state_required boolean, zip_required boolean);
CREATE TABLE res_country_state (
  id serial PRIMARY KEY, country_id integer NOT NULL REFERENCES res_country, name varchar NOT NULL, code varchar NOT NULL, UNIQUE (country_id, code));
CREATE TABLE res_country_res_country_group_rel (
  res_country_id integer NOT NULL REFERENCES res_country, res_country_group_id integer NOT NULL REFERENCES res_country_group,
  PRIMARY KEY (res_country_id, res_country_group_id));
CREATE TABLE res_company (
  id serial PRIMARY KEY, name varchar NOT NULL UNIQUE, partner_id integer NOT NULL, currency_id integer NOT NULL REFERENCES res_currency, sequence integer,
  parent_path varchar, parent_id integer REFERENCES res_company, paperformat_id integer, external_report_layout_id integer, email varchar, phone varchar,
  mobile varchar, font varchar, primary_color varchar, secondary_color varchar, layout_background varchar NOT NULL DEFAULT 'Blank', report_header jsonb,
  report_footer jsonb, company_details jsonb, active boolean, uses_default_logo boolean, logo_web bytea, alias_domain_id integer,
  email_primary_color varchar, email_secondary_color varchar, partner_gid integer, iap_enrich_auto_done boolean, snailmail_color boolean);
CREATE INDEX res_company_parent_id_index ON res_company (parent_id);
CREATE TABLE res_partner_title (id serial PRIMARY KEY, name jsonb NOT NULL, shortcut jsonb);
CREATE TABLE res_partner_industry (id serial PRIMARY KEY, name jsonb, full_name jsonb, active boolean);
CREATE TABLE res_partner (
  id serial PRIMARY KEY, company_id integer REFERENCES res_company, name varchar, title integer REFERENCES res_partner_title,
  parent_id integer REFERENCES res_partner, user_id integer, state_id integer REFERENCES res_country_state, country_id integer REFERENCES res_country,
  industry_id integer REFERENCES res_partner_industry, color integer, commercial_partner_id integer REFERENCES res_partner, complete_name varchar,
  ref varchar, lang varchar, tz varchar, vat varchar, company_registry varchar, website varchar, function varchar, type varchar, street varchar,
  street2 varchar, zip varchar, city varchar, email varchar, phone varchar, mobile varchar, commercial_company_name varchar, company_name varchar,
  barcode jsonb, comment text, partner_latitude numeric, partner_longitude numeric, active boolean, employee boolean, is_company boolean,
  partner_share boolean, message_bounce integer, email_normalized varchar, signup_type varchar, contact_address_complete varchar, phone_sanitized varchar,
  CONSTRAINT res_partner_check_name CHECK ((type = 'contact' AND name IS NOT NULL) OR type <> 'contact'));
CREATE INDEX res_partner_commercial_partner_id_index ON res_partner (commercial_partner_id);
CREATE INDEX res_partner_company_id_index ON res_partner (company_id);
CREATE INDEX res_partner_complete_name_index ON res_partner (complete_name);
CREATE INDEX res_partner_name_index ON res_partner (name);
CREATE INDEX res_partner_parent_id_index ON res_partner (parent_id);
CREATE INDEX res_partner_ref_index ON res_partner (ref);
CREATE INDEX res_partner_vat_index ON res_partner (vat);
ALTER TABLE res_company ADD FOREIGN KEY (partner_id) REFERENCES res_partner;
CREATE TABLE res_partner_category (
  id serial PRIMARY KEY, color integer, parent_id integer REFERENCES res_partner_category, name jsonb NOT NULL, active boolean, parent_path varchar);
CREATE TABLE res_partner_res_partner_category_rel (
  category_id integer NOT NULL REFERENCES res_partner_category, partner_id integer NOT NULL REFERENCES res_partner, PRIMARY KEY (category_id, partner_id));
CREATE TABLE res_bank (
  id serial PRIMARY KEY, state integer, country integer REFERENCES res_country, name varchar NOT NULL, street varchar, street2 varchar, zip varchar,
  city varchar, email varchar, phone varchar, bic varchar, active boolean);
CREATE TABLE res_partner_bank (
  id serial PRIMARY KEY, partner_id integer NOT NULL REFERENCES res_partner, bank_id integer REFERENCES res_bank, sequence integer,
  currency_id integer REFERENCES res_currency, company_id integer REFERENCES res_company, acc_number varchar NOT NULL, sanitized_acc_number varchar,
  acc_holder_name varchar, active boolean, allow_out_payment boolean);
CREATE TABLE res_currency_rate (
  id serial PRIMARY KEY, currency_id integer NOT NULL REFERENCES res_currency, company_id integer REFERENCES res_company, name date NOT NULL, rate numeric);
CREATE INDEX res_currency_rate_name_index ON res_currency_rate (name);

CREATE TABLE res_users (
  id serial PRIMARY KEY, company_id integer NOT NULL REFERENCES res_company, partner_id integer NOT NULL REFERENCES res_partner, active boolean DEFAULT true,
  login varchar NOT NULL UNIQUE, password varchar, action_id integer, signature text, share boolean, totp_secret varchar, tour_enabled boolean,
  notification_type varchar NOT NULL DEFAULT 'email', odoobot_state varchar, odoobot_failed boolean, sidebar_type varchar, website_id integer,
  karma integer, last_lunch_location_id integer);
CREATE INDEX res_users_partner_id_index ON res_users (partner_id);
ALTER TABLE res_partner ADD FOREIGN KEY (user_id) REFERENCES res_users ON DELETE SET NULL;
ALTER TABLE ir_cron ADD FOREIGN KEY (user_id) REFERENCES res_users;
CREATE TABLE res_groups_users_rel (
  gid integer NOT NULL REFERENCES res_groups ON DELETE CASCADE, uid integer NOT NULL REFERENCES res_users ON DELETE CASCADE, PRIMARY KEY (gid, uid));
CREATE INDEX res_groups_users_rel_uid_gid_idx ON res_groups_users_rel (uid, gid);
CREATE TABLE res_groups_implied_rel (
  gid integer NOT NULL REFERENCES res_groups ON DELETE CASCADE, hid integer NOT NULL REFERENCES res_groups ON DELETE CASCADE, PRIMARY KEY (gid, hid));
CREATE TABLE res_company_users_rel (
  cid integer NOT NULL REFERENCES res_company ON DELETE CASCADE, user_id integer NOT NULL REFERENCES res_users ON DELETE CASCADE, PRIMARY KEY (cid, user_id));
CREATE TABLE res_users_log (id serial PRIMARY KEY);
CREATE TABLE res_users_settings (
  id serial PRIMARY KEY, user_id integer NOT NULL UNIQUE REFERENCES res_users ON DELETE CASCADE, is_discuss_sidebar_category_channel_open boolean,
  is_discuss_sidebar_category_chat_open boolean, push_to_talk_key varchar, use_push_to_talk boolean, voice_active_duration integer);
CREATE TABLE res_users_apikeys (
  id serial PRIMARY KEY, name varchar NOT NULL, user_id integer NOT NULL REFERENCES res_users ON DELETE CASCADE, scope varchar, expiration_date timestamp,
  index varchar(8) NOT NULL, key varchar, CONSTRAINT res_users_apikeys_index_size CHECK (char_length(index) = 8));
CREATE INDEX res_users_apikeys_user_id_index_idx ON res_users_apikeys (user_id, index);
CREATE TABLE res_users_deletion (id serial PRIMARY KEY, user_id integer, user_id_int integer, state varchar NOT NULL);
CREATE TABLE res_device_log (
  id serial PRIMARY KEY, user_id integer REFERENCES res_users, session_identifier varchar NOT NULL, platform varchar, browser varchar, ip_address varchar,
  country varchar, city varchar, device_type varchar, first_activity timestamp, last_activity timestamp, revoked boolean);
CREATE INDEX res_device_log_user_id_index ON res_device_log (user_id);
CREATE TABLE auth_totp_device (
  id serial PRIMARY KEY, name varchar NOT NULL, user_id integer NOT NULL REFERENCES res_users ON DELETE CASCADE, scope varchar, expiration_date timestamp,
  index varchar(8) NOT NULL, key varchar);
CREATE TABLE auth_passkey_key (
  id serial PRIMARY KEY, name varchar NOT NULL, credential_identifier varchar NOT NULL UNIQUE, public_key varchar NOT NULL, sign_count integer);
CREATE TABLE res_config_settings (
  id serial PRIMARY KEY, company_id integer NOT NULL REFERENCES res_company, user_default_rights boolean, module_base_import boolean,
  module_google_calendar boolean, group_multi_currency boolean, unsplash_access_key varchar, external_email_server_default boolean);
