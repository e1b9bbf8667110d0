-- Rows that every database has: languages, money, places, the company and its users.
INSERT INTO ir_config_parameter (key, value) VALUES
  ('database.secret', '00000000-0000-4000-8000-000000000001'), ('database.uuid', '00000000-0000-1000-8000-000000000002'),
  ('database.create_date', '2025-01-06 08:00:00'), ('web.base.url', 'http://localhost:8069'), ('base.login_cooldown_after', '10'),
  ('base.login_cooldown_duration', '60'), ('base.default_max_email_size', '10'), ('base.template_portal_user_id', '5'),
  ('mail.default.from', 'notifications'), ('mail.catchall.alias', 'catchall'), ('mail.bounce.alias', 'bounce'), ('mail.restrict.template.rendering', 'False'),
  ('auth_signup.invitation_scope', 'b2b'), ('auth_signup.reset_password', 'True'), ('sms.endpoint', 'https://sms.example.com'),
  ('report.url', 'http://localhost:8069'), ('database.expiration_date', '2025-02-06 08:00:00'), ('database.expiration_reason', 'trial'),
  ('database.enterprise_code', 'M0000000000000');

INSERT INTO res_lang (name, code, iso_code, url_code, direction, date_format, time_format, short_time_format, week_start, grouping, decimal_point, thousands_sep, active) VALUES
  ('English (US)', 'en_US', 'en', 'en', 'ltr', '%m/%d/%Y', '%H:%M:%S', '%H:%M', '7', '[3,0]', '.', ',', true),
  ('French / Français', 'fr_FR', 'fr', 'fr', 'ltr', '%d/%m/%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', ' ', true),
  ('German / Deutsch', 'de_DE', 'de', 'de', 'ltr', '%d.%m.%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', '.', true),
  ('Spanish / Español', 'es_ES', 'es', 'es', 'ltr', '%d/%m/%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', '.', true),
  ('Italian / Italiano', 'it_IT', 'it', 'it', 'ltr', '%d/%m/%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', '.', true),
  ('Dutch / Nederlands', 'nl_NL', 'nl', 'nl', 'ltr', '%d-%m-%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', '.', true),
  ('Portuguese / Português', 'pt_PT', 'pt', 'pt', 'ltr', '%d-%m-%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', '.', true),
  ('Arabic / الْعَرَبيّة', 'ar_001', 'ar', 'ar', 'rtl', '%d %b, %Y', '%H:%M:%S', '%H:%M', '6', '[3,0]', '.', ',', true),
  ('Spanish (Latin America) / Español (América Latina)', 'es_419', 'es_419', 'es_419', 'ltr', '%d/%m/%Y', '%H:%M:%S', '%H:%M', '7', '[3,0]', '.', ',', true),
  ('Serbian (Latin) / srpski', 'sr@latin', 'sr@latin', 'sr@latin', 'ltr', '%d.%m.%Y.', '%H:%M:%S', '%H:%M', '7', '[]', '.', ',', true),
  -- Known and not active: their translations are not there.
  ('English (UK)', 'en_GB', 'en_GB', 'en_GB', 'ltr', '%d/%m/%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', '.', ',', false),
  ('Japanese / 日本語', 'ja_JP', 'ja', 'ja', 'ltr', '%Y年%m月%d日', '%H時%M分%S秒', '%H:%M', '7', '[3,0]', '.', ',', false),
  ('Polish / Język polski', 'pl_PL', 'pl', 'pl', 'ltr', '%d.%m.%Y', '%H:%M:%S', '%H:%M', '1', '[3,0]', ',', ' ', false);

INSERT INTO res_currency (name, symbol, full_name, iso_numeric, decimal_places, rounding, position, active)
SELECT c.name, c.symbol, c.full_name, c.iso, CASE WHEN c.name = 'JPY' THEN 0 ELSE 2 END, CASE WHEN c.name = 'JPY' THEN 1 ELSE 0.01 END,
       CASE WHEN c.name IN ('USD', 'GBP') THEN 'before' ELSE 'after' END, c.name IN ('EUR', 'USD')
FROM (VALUES ('EUR', '€', 'Euro', 978), ('USD', '$', 'United States dollar', 840), ('GBP', '£', 'Pound sterling', 826), ('CHF', 'CHF', 'Swiss franc', 756),
  ('JPY', '¥', 'Japanese yen', 392), ('CAD', '$', 'Canadian dollar', 124), ('AUD', '$', 'Australian dollar', 36), ('SEK', 'kr', 'Swedish krona', 752),
  ('NOK', 'kr', 'Norwegian krone', 578), ('DKK', 'kr', 'Danish krone', 208), ('PLN', 'zł', 'Polish złoty', 985), ('CZK', 'Kč', 'Czech koruna', 203),
  ('MAD', 'DH', 'Moroccan dirham', 504), ('TND', 'DT', 'Tunisian dinar', 788), ('XOF', 'CFA', 'West African CFA franc', 952),
  ('BRL', 'R$', 'Brazilian real', 986), ('INR', '₹', 'Indian rupee', 356), ('CNY', '¥', 'Chinese yuan', 156)) AS c (name, symbol, full_name, iso);

INSERT INTO res_country (code, name, currency_id, phone_code, address_format)
SELECT c.code, jsonb_build_object('en_US', c.name), m.id, c.phone, E'%(street)s\n%(street2)s\n%(zip)s %(city)s\n%(country_name)s'
FROM (VALUES ('FR', 'France', 'EUR', 33), ('DE', 'Germany', 'EUR', 49), ('ES', 'Spain', 'EUR', 34), ('IT', 'Italy', 'EUR', 39), ('BE', 'Belgium', 'EUR', 32),
  ('NL', 'Netherlands', 'EUR', 31), ('PT', 'Portugal', 'EUR', 351), ('LU', 'Luxembourg', 'EUR', 352), ('IE', 'Ireland', 'EUR', 353), ('AT', 'Austria', 'EUR', 43),
  ('FI', 'Finland', 'EUR', 358), ('GR', 'Greece', 'EUR', 30), ('CH', 'Switzerland', 'CHF', 41), ('GB', 'United Kingdom', 'GBP', 44),
  ('US', 'United States', 'USD', 1), ('CA', 'Canada', 'CAD', 1), ('AU', 'Australia', 'AUD', 61), ('SE', 'Sweden', 'SEK', 46), ('NO', 'Norway', 'NOK', 47),
  ('DK', 'Denmark', 'DKK', 45), ('PL', 'Poland', 'PLN', 48), ('CZ', 'Czech Republic', 'CZK', 420), ('MA', 'Morocco', 'MAD', 212),
  ('TN', 'Tunisia', 'TND', 216), ('SN', 'Senegal', 'XOF', 221), ('CI', 'Côte d''Ivoire', 'XOF', 225), ('BR', 'Brazil', 'BRL', 55),
  ('IN', 'India', 'INR', 91), ('CN', 'China', 'CNY', 86), ('JP', 'Japan', 'JPY', 81)) AS c (code, name, currency, phone)
JOIN res_currency m ON m.name = c.currency;
INSERT INTO res_country_state (country_id, name, code)
SELECT c.id, format('%s %s', c.code, n), lpad(n::text, 2, '0') FROM res_country c CROSS JOIN generate_series(1, 20) n;
INSERT INTO res_country_group (name) VALUES ('{"en_US": "Europe"}'), ('{"en_US": "SEPA Countries"}');
INSERT INTO res_country_res_country_group_rel SELECT c.id, 1 FROM res_country c WHERE c.currency_id = 1;

INSERT INTO res_partner_title (name, shortcut) VALUES ('{"en_US": "Madam"}', '{"en_US": "Mrs."}'), ('{"en_US": "Mister"}', '{"en_US": "Mr."}');
INSERT INTO res_partner (id, name, complete_name, commercial_company_name, lang, type, email, active, is_company, partner_share, commercial_partner_id, color, message_bounce) VALUES
  (1, 'My Company', 'My Company', 'My Company', 'en_US', 'contact', 'info@yourcompany.example.com', true, true, true, 1, 0, 0),
  (2, 'OdooBot', 'OdooBot', NULL, 'en_US', 'contact', 'odoobot@example.com', false, false, false, 2, 0, 0),
  (3, 'Administrator', 'My Company, Administrator', 'My Company', 'en_US', 'contact', 'admin@yourcompany.example.com', true, false, false, 1, 0, 0),
  (4, 'Public user', 'Public user', NULL, 'en_US', 'contact', NULL, false, false, true, 4, 0, 0),
  (5, 'Default User Template', 'Default User Template', NULL, 'en_US', 'contact', NULL, false, false, false, 5, 0, 0),
  (6, 'Portal User Template', 'Portal User Template', NULL, 'en_US', 'contact', NULL, false, false, true, 6, 0, 0);
INSERT INTO res_company (id, name, partner_id, currency_id, sequence, parent_path, email, phone, active, uses_default_logo, primary_color, secondary_color, font)
SELECT 1, 'My Company', 1, id, 0, '1/', 'info@yourcompany.example.com', NULL, true, true, '#714B67', '#8595A2', 'Lato' FROM res_currency WHERE name = 'USD';
UPDATE res_partner SET company_id = 1, parent_id = 1 WHERE id = 3;
-- The administrator's password is "admin", as of any new Odoo database; provisioning replaces it in every clone.
INSERT INTO res_users (id, company_id, partner_id, active, login, password, signature, share, notification_type, odoobot_state) VALUES
  (1, 1, 2, false, '__system__', NULL, '<span>System</span>', false, 'email', 'disabled'),
  (2, 1, 3, true, 'admin', '$pbkdf2-sha512$600000$EBESExQVFhcYGRobHB0eHw$ey52LZvAbm.dAi/2x4/Wquk2ZYF9LZs1uMSfhm6Wv0oHVZ5TbX/W23vETA8KXOV8df07KBldP0bRZMaZH75tEg',
   '<span>-- <br>Administrator</span>', false, 'email', 'not_initialized'),
  (3, 1, 4, false, 'public', '', NULL, true, 'email', NULL),
  (4, 1, 5, false, 'default', NULL, NULL, false, 'email', NULL),
  (5, 1, 6, false, 'portaltemplate', '', NULL, true, 'email', NULL);
SELECT setval('res_partner_id_seq', 6), setval('res_company_id_seq', 1), setval('res_users_id_seq', 5);
INSERT INTO res_groups (name, comment, share)
SELECT jsonb_build_object('en_US', g), NULL, g = 'Portal'
FROM unnest(ARRAY['Internal User', 'Portal', 'Public', 'Access Rights', 'Settings', 'Multi Currencies', 'Multi Companies', 'Technical Features',
  'Access to Private Addresses', 'Allowed', 'Contact Creation', 'Bypass HTML Sanitizing', 'Mail Template Editor', 'Export']) g;
INSERT INTO res_groups_users_rel (gid, uid) SELECT g.id, 2 FROM res_groups g WHERE g.id NOT IN (2, 3) UNION ALL VALUES (3, 3), (2, 5), (1, 1), (1, 4);
INSERT INTO res_groups_implied_rel VALUES (5, 4), (4, 1);
INSERT INTO res_company_users_rel SELECT 1, id FROM res_users;
INSERT INTO res_users_settings (user_id, is_discuss_sidebar_category_channel_open, is_discuss_sidebar_category_chat_open) VALUES (2, true, true);

-- Traces of whoever built the template: a clone must not keep them.
INSERT INTO res_users_log (create_uid) SELECT 2 FROM generate_series(1, 3);
INSERT INTO res_users_apikeys (name, user_id, scope, index, key) VALUES ('template build', 2, 'rpc', '00c0ffee', '$pbkdf2-sha512$6000$template$template');
INSERT INTO auth_totp_device (name, user_id, scope, index, key) VALUES ('build machine', 2, 'browser', '00c0ffee', '$pbkdf2-sha512$6000$template$template');
INSERT INTO res_device_log (user_id, session_identifier, platform, browser, ip_address, device_type, first_activity, last_activity, revoked)
VALUES (2, 'template-build-session', 'linux', 'chrome', '192.0.2.10', 'computer', '2025-01-06 08:00:00', '2025-01-06 09:00:00', false);
INSERT INTO res_partner_category (name, active, color) SELECT jsonb_build_object('en_US', c), true, 1 FROM unnest(ARRAY['Prospects', 'Services', 'Vendor']) c;
INSERT INTO res_bank (name, bic, active) VALUES ('Example Bank', 'EXAMFRPP', true);
INSERT INTO res_currency_rate (currency_id, company_id, name, rate) SELECT id, 1, DATE '2025-01-01', 1 FROM res_currency WHERE active;
INSERT INTO report_paperformat (name, format, orientation, dpi, "default", margin_top, margin_bottom, margin_left, margin_right)
VALUES ('A4', 'A4', 'Portrait', 90, true, 52, 32, 0, 0), ('US Letter', 'Letter', 'Portrait', 90, true, 52, 32, 0, 0);
UPDATE res_company SET paperformat_id = 1;
INSERT INTO decimal_precision (name, digits) VALUES ('Product Price', 2), ('Product Unit of Measure', 2), ('Payment Terms', 6);
