-- Rows of the modules: what is installed, models, fields, views, rights, scheduled actions, mail, payment.
INSERT INTO ir_module_category (name, sequence, visible)
SELECT jsonb_build_object('en_US', c), 10, true FROM unnest(ARRAY['Hidden', 'Sales', 'Accounting', 'Inventory', 'Website', 'Services', 'Productivity', 'Marketing']) c;
INSERT INTO ir_module_module (name, shortdesc, author, state, latest_version, category_id, application, license, website, auto_install)
SELECT m, jsonb_build_object('en_US', initcap(replace(m, '_', ' '))), 'Odoo S.A.', 'installed', '18.0.1.' || ordinality, 1, m = 'mail', 'LGPL-3',
       'https://www.odoo.com', ordinality > 5
FROM unnest(ARRAY['base', 'web', 'mail', 'portal', 'bus', 'base_setup', 'base_import', 'base_automation', 'auth_totp', 'auth_passkey', 'auth_signup', 'html_editor',
  'http_routing', 'iap', 'iap_mail', 'phone_validation', 'sms', 'payment', 'resource', 'web_editor', 'web_tour', 'digest']) WITH ORDINALITY AS t (m, ordinality);
INSERT INTO ir_module_module (name, shortdesc, author, state, category_id, application, license, website)
SELECT m, jsonb_build_object('en_US', initcap(replace(m, '_', ' '))), 'Odoo S.A.', 'uninstalled', 2, true, 'LGPL-3', 'https://www.odoo.com'
FROM unnest(ARRAY['account', 'sale', 'sale_management', 'crm', 'purchase', 'stock', 'product', 'project', 'hr', 'hr_timesheet', 'calendar', 'contacts', 'website',
  'website_sale', 'website_payment', 'delivery', 'point_of_sale', 'pos_restaurant', 'loyalty', 'mass_mailing', 'event', 'survey', 'fleet', 'mrp', 'note']) m;
INSERT INTO ir_module_module (name, shortdesc, author, state, category_id, application, license, website, description)
SELECT 'l10n_' || chr(97 + n / 26) || chr(97 + n % 26) || CASE WHEN n < 180 THEN '' ELSE '_extra' END, jsonb_build_object('en_US', 'Localization ' || n),
       'Odoo S.A.', 'uninstalled', 3, false, 'LGPL-3', 'https://www.odoo.com', jsonb_build_object('en_US', 'Accounting and taxes, chart ' || md5(n::text))
FROM generate_series(0, 299) n;
INSERT INTO ir_module_module_dependency (module_id, name) SELECT id, 'base' FROM ir_module_module WHERE name <> 'base';

INSERT INTO ir_model (model, name, state, transient, is_mail_thread)
SELECT replace(tablename, '_', '.'), jsonb_build_object('en_US', initcap(replace(tablename, '_', ' ')), 'fr_FR', initcap(replace(tablename, '_', ' '))),
       'base', false, tablename IN ('res_partner', 'discuss_channel')
FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%\_rel' ORDER BY tablename;
INSERT INTO ir_model_fields (model_id, model, name, complete_name, ttype, state, field_description, required, readonly, store, index, copied, selectable)
SELECT m.id, m.model, c.column_name, m.model || '.' || c.column_name,
       CASE c.data_type WHEN 'integer' THEN CASE WHEN c.column_name LIKE '%\_id' THEN 'many2one' ELSE 'integer' END WHEN 'boolean' THEN 'boolean'
         WHEN 'jsonb' THEN 'char' WHEN 'text' THEN 'text' WHEN 'numeric' THEN 'monetary' WHEN 'date' THEN 'date' WHEN 'bytea' THEN 'binary' ELSE 'char' END,
       'base', jsonb_build_object('en_US', initcap(replace(c.column_name, '_', ' ')), 'fr_FR', initcap(replace(c.column_name, '_', ' '))),
       c.is_nullable = 'NO', false, true, false, true, true
FROM ir_model m JOIN information_schema.columns c ON c.table_schema = 'public' AND c.table_name = replace(m.model, '.', '_')
-- A small template describes only some of its models.
WHERE current_setting('bibind.filler_tables')::integer > 0 OR m.model IN ('res.partner', 'res.users', 'res.company', 'ir.cron', 'ir.attachment')
ORDER BY m.id, c.ordinal_position;
INSERT INTO ir_model_access (model_id, group_id, name, active, perm_read, perm_write, perm_create, perm_unlink)
SELECT m.id, g, 'access ' || m.model, true, true, g <> 1, g <> 1, g = 5 FROM ir_model m CROSS JOIN unnest(ARRAY[1, 4, 5]) g ORDER BY m.id, g;
INSERT INTO ir_rule (model_id, name, domain_force, active, perm_read, perm_write, perm_create, perm_unlink, global)
SELECT id, model || ' multi-company', $d$[('company_id', 'in', company_ids + [False])]$d$, true, true, true, true, true, true FROM ir_model ORDER BY id;
INSERT INTO ir_ui_view (name, model, key, type, mode, priority, active, arch_fs, arch_db)
SELECT m.model || '.' || t.type, m.model, NULL, t.type, 'primary', 16, true, 'base/views/' || replace(m.model, '.', '_') || '.xml',
       jsonb_build_object('en_US', format('<%s string="%s">', t.type, m.model) || f.fields || format('</%s>', t.type))
FROM ir_model m CROSS JOIN unnest(ARRAY['form', 'list', 'search']) AS t (type)
CROSS JOIN LATERAL (
  SELECT string_agg(format('<field name="%s" optional="show" help="%s"/>', name, md5(complete_name)), E'\n    ' ORDER BY id) AS fields
  FROM ir_model_fields WHERE model_id = m.id) f
WHERE f.fields IS NOT NULL
ORDER BY m.id, t.type;
INSERT INTO ir_ui_view (name, key, type, mode, priority, active, arch_db) VALUES
  ('neutralize_banner', 'web.neutralize_banner', 'qweb', 'extension', 16, false, '{"en_US": "<data><div id=\"oe_neutralize_banner\"/></data>"}'),
  ('login_layout', 'web.login_layout', 'qweb', 'primary', 16, true, '{"en_US": "<t t-name=\"web.login_layout\"/>"}');
INSERT INTO ir_ui_menu (name, sequence, parent_path, active, action)
SELECT jsonb_build_object('en_US', name ->> 'en_US'), id, id || '/', true, 'ir.actions.act_window,' || id FROM ir_model ORDER BY id;
INSERT INTO ir_act_window (type, name, res_model, view_mode, context, target)
SELECT 'ir.actions.act_window', name, model, 'list,form', '{}', 'current' FROM ir_model ORDER BY id;
INSERT INTO ir_asset (sequence, name, bundle, path, active)
SELECT n, 'asset ' || n, 'web.assets_frontend', format('/web/static/src/%s.scss', n), true FROM generate_series(1, 40) n;
INSERT INTO ir_sequence (number_next, number_increment, padding, company_id, name, code, implementation, prefix, active, use_date_range)
SELECT 1, 1, 5, 1, initcap(c), c, 'standard', upper(left(c, 1)), true, false FROM unnest(ARRAY['sale.order', 'purchase.order', 'stock.picking', 'account.move']) c;

-- Scheduled actions as an old template has them: due long ago.
INSERT INTO ir_act_server (type, name, model_id, model_name, usage, state, code)
SELECT 'ir.actions.server', jsonb_build_object('en_US', a), (SELECT id FROM ir_model WHERE model = 'res.partner'), 'res.partner', 'ir_cron', 'code', 'model._cron()'
FROM unnest(ARRAY['Base: Auto-vacuum internal data', 'Mail: Email Queue Manager', 'Mail: Fetchmail Service', 'Mail: Post scheduled messages', 'Notification: Send scheduled message notifications',
  'Mail: send web push notification', 'Discuss: channel member unmute', 'Users: Notify About Unregistered Users', 'SMS: SMS Queue Manager', 'Digest Emails', 'Automation Rules: check and execute',
  'Base: Portal Users Deletion', 'payment: post-process transactions', 'Partner Autocomplete: Sync with remote DB', 'Publisher: Update Notification', 'Snailmail: process letters queue',
  'Calendar: Event Reminder', 'Account: Post draft entries with auto_post enabled', 'Sales: Send pending emails', 'CRM: Lead Assignment']) a;
INSERT INTO ir_cron (ir_actions_server_id, cron_name, user_id, interval_number, interval_type, priority, active, nextcall, lastcall, failure_count)
SELECT id, name ->> 'en_US', 1, 1 + id % 4, (ARRAY['minutes', 'hours', 'days'])[1 + id % 3], 5, true, TIMESTAMP '2025-01-07 00:00:00' + id * INTERVAL '1 hour',
       TIMESTAMP '2025-01-06 08:00:00', 0 FROM ir_act_server WHERE usage = 'ir_cron' ORDER BY id;
INSERT INTO base_automation (name, model_id, trigger, webhook_uuid, record_getter, active, log_webhook_calls)
SELECT jsonb_build_object('en_US', 'Incoming ' || n), m.id, 'on_webhook', format('00000000-0000-4000-8000-%s', lpad(n::text, 12, '0')),
       $g$model.env[payload.get('_model')].browse(int(payload.get('_id')))$g$, true, false
FROM ir_model m CROSS JOIN generate_series(1, 2) n WHERE m.model = 'res.partner';
INSERT INTO ir_act_server (type, name, model_id, model_name, usage, state, webhook_url, base_automation_id)
SELECT 'ir.actions.server', '{"en_US": "Tell the other system"}', m.id, m.model, 'base_automation', 'webhook', 'https://hooks.example.com/partner', 1
FROM ir_model m WHERE m.model = 'res.partner';

INSERT INTO ir_mail_server (name, smtp_host, smtp_port, smtp_authentication, smtp_user, smtp_pass, smtp_encryption, sequence, active)
VALUES ('Template outgoing', 'smtp.example.com', 587, 'login', 'template', 'not-a-real-password', 'starttls', 10, true);
INSERT INTO fetchmail_server (name, active, state, server, port, server_type, is_ssl, "user", password, attach, original, priority)
VALUES ('Template incoming', true, 'done', 'imap.example.com', 993, 'imap', true, 'template', 'not-a-real-password', true, false, 5);
INSERT INTO mail_message_subtype (name, "default", internal, hidden) VALUES
  ('{"en_US": "Discussions"}', true, false, false), ('{"en_US": "Note"}', false, true, false), ('{"en_US": "Activities"}', true, true, false);
INSERT INTO mail_activity_type (name, delay_count, delay_unit, delay_from, chaining_type, active, sequence)
SELECT jsonb_build_object('en_US', a), 5, 'days', 'previous_activity', 'suggest', true, 1 FROM unnest(ARRAY['Email', 'Call', 'Meeting', 'To-Do', 'Upload Document']) a;
INSERT INTO mail_alias_domain (name, bounce_alias, catchall_alias, default_from) VALUES ('yourcompany.example.com', 'bounce', 'catchall', 'notifications');
UPDATE res_company SET alias_domain_id = 1;
INSERT INTO mail_template (name, model, lang, subject, body_html, mail_server_id, active, auto_delete)
SELECT jsonb_build_object('en_US', 'Template ' || n), 'res.partner', '{{ object.lang }}', jsonb_build_object('en_US', 'Subject ' || n),
       jsonb_build_object('en_US', '<div>' || repeat('<p>Hello {{ object.name }}</p>', 20) || '</div>'), 1, true, true FROM generate_series(1, 25) n;
INSERT INTO discuss_channel (name, channel_type, uuid, active, last_interest_dt) VALUES ('general', 'channel', 'general-0000000001', true, '2025-01-06 08:00:00');
INSERT INTO discuss_channel_member (partner_id, channel_id) VALUES (3, 1);
INSERT INTO mail_followers (res_model, res_id, partner_id) VALUES ('discuss.channel', 1, 3);
INSERT INTO payment_method (name, code, active, sequence) SELECT jsonb_build_object('en_US', initcap(p)), p, true, 1 FROM unnest(ARRAY['card', 'paypal', 'bank_transfer', 'sepa']) p;
INSERT INTO payment_provider (name, code, state, company_id, is_published, sequence, allow_tokenization)
SELECT jsonb_build_object('en_US', initcap(p)), p, CASE WHEN p = 'stripe' THEN 'enabled' WHEN p = 'demo' THEN 'test' ELSE 'disabled' END, 1, p = 'stripe', 1, false
FROM unnest(ARRAY['stripe', 'paypal', 'adyen', 'mollie', 'custom', 'demo']) p;
INSERT INTO iap_service (name, technical_name, description) VALUES ('SMS', 'sms', '{"en_US": "Send SMS"}');
INSERT INTO iap_account (service_id, account_token, name) VALUES (1, '00000000-0000-4000-8000-00000000a9c1', 'SMS');

INSERT INTO mail_message (subject, date, body, model, res_id, message_type, subtype_id, email_from, author_id, message_id)
SELECT 'Message ' || n, TIMESTAMP '2025-01-06 08:00:00' + n * INTERVAL '1 minute', '<p>' || md5(n::text) || '</p>', 'discuss.channel', 1, 'notification', 2,
       '"OdooBot" <odoobot@example.com>', 2, format('<%s@template>', md5(n::text)) FROM generate_series(1, 200) n;

-- The external ids that provisioning looks up, and those that every model and field has.
INSERT INTO ir_model_data (module, name, model, res_id, noupdate) VALUES
  ('base', 'main_company', 'res.company', 1, true), ('base', 'main_partner', 'res.partner', 1, true), ('base', 'partner_root', 'res.partner', 2, true),
  ('base', 'partner_admin', 'res.partner', 3, true), ('base', 'public_partner', 'res.partner', 4, true), ('base', 'user_root', 'res.users', 1, true),
  ('base', 'user_admin', 'res.users', 2, true), ('base', 'public_user', 'res.users', 3, true), ('base', 'default_user', 'res.users', 4, true),
  ('base', 'template_portal_user_id', 'res.users', 5, true), ('base', 'group_user', 'res.groups', 1, true), ('base', 'group_portal', 'res.groups', 2, true),
  ('base', 'group_public', 'res.groups', 3, true), ('base', 'group_erp_manager', 'res.groups', 4, true), ('base', 'group_system', 'res.groups', 5, true);
INSERT INTO ir_model_data (module, name, model, res_id, noupdate)
SELECT 'base', CASE rank WHEN 1 THEN 'autovacuum_job' ELSE 'ir_cron_' || id END, 'ir.cron', id, true FROM (SELECT id, rank() OVER (ORDER BY id) FROM ir_cron) c
UNION ALL SELECT 'base', code, 'res.currency', id, true FROM (SELECT name AS code, id FROM res_currency) m
UNION ALL SELECT 'base', lower(code), 'res.country', id, true FROM res_country
UNION ALL SELECT 'base', 'lang_' || code, 'res.lang', id, true FROM res_lang
UNION ALL SELECT 'web', 'neutralize_banner', 'ir.ui.view', id, false FROM ir_ui_view WHERE key = 'web.neutralize_banner'
UNION ALL SELECT 'base', 'module_' || name, 'ir.module.module', id, true FROM ir_module_module
UNION ALL SELECT 'base', 'model_' || replace(model, '.', '_'), 'ir.model', id, true FROM ir_model
UNION ALL SELECT 'base', format('field_%s__%s', replace(model, '.', '_'), name), 'ir.model.fields', id, true FROM ir_model_fields
UNION ALL SELECT 'base', 'view_' || replace(name, '.', '_') || '_' || id, 'ir.ui.view', id, false FROM ir_ui_view WHERE key IS NULL;
