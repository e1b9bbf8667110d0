-- A service company: projects, timesheets, quotations.
UPDATE ir_module_module SET state = 'installed', latest_version = '18.0.1.0'
WHERE name IN ('project', 'hr', 'hr_timesheet', 'sale', 'sale_management', 'crm', 'calendar', 'contacts', 'account');
INSERT INTO ir_config_parameter (key, value) VALUES ('hr_timesheet.timesheet_min_duration', '15');
INSERT INTO ir_sequence (number_next, number_increment, padding, company_id, name, code, implementation, prefix, active, use_date_range)
VALUES (1, 1, 4, 1, 'Project Task', 'project.task', 'standard', 'T', true, false);
INSERT INTO mail_activity_type (name, delay_count, delay_unit, delay_from, chaining_type, active, sequence)
SELECT jsonb_build_object('en_US', a), 2, 'days', 'previous_activity', 'suggest', true, 2 FROM unnest(ARRAY['Quotation follow-up', 'Kick-off', 'Timesheet review']) a;
INSERT INTO res_partner_category (name, active, color) SELECT jsonb_build_object('en_US', c), true, 2 FROM unnest(ARRAY['Consultant', 'Subcontractor']) c;
INSERT INTO product_template (name, list_price, default_code, type, sale_ok, active, service_tracking)
VALUES ('{"en_US": "Consulting (hour)", "fr_FR": "Conseil (heure)"}', 95, 'CONSULT-H', 'service', true, true, 'task_global_project'),
  ('{"en_US": "Training (day)", "fr_FR": "Formation (jour)"}', 890, 'TRAIN-D', 'service', true, true, 'no'),
  ('{"en_US": "Support (month)", "fr_FR": "Assistance (mois)"}', 150, 'SUPPORT-M', 'service', true, true, 'no');
