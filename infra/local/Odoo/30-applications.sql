-- Tables of the applications, in number and weight like an Odoo database's; their columns are a common pattern.
-- bibind.filler_tables: how many of them.
DO $$
DECLARE
  names text[] := string_to_array(regexp_replace($names$
    resource_calendar resource_calendar_attendance resource_calendar_leaves resource_resource uom_category uom_uom product_category
    product_product product_attribute product_attribute_value product_template_attribute_line product_template_attribute_value product_pricelist
    product_pricelist_item product_supplierinfo product_packaging product_tag product_document account_account account_account_tag account_group
    account_journal account_journal_group account_move account_move_line account_payment account_payment_method account_payment_method_line
    account_payment_term account_payment_term_line account_tax account_tax_group account_tax_repartition_line account_fiscal_position
    account_fiscal_position_tax account_fiscal_position_account account_bank_statement account_bank_statement_line account_partial_reconcile
    account_full_reconcile account_reconcile_model account_reconcile_model_line account_analytic_account account_analytic_line account_analytic_plan
    account_analytic_applicability account_analytic_distribution_model account_cash_rounding account_incoterms account_report account_report_line
    account_report_expression account_report_column account_lock_exception sale_order sale_order_line sale_order_template sale_order_template_line
    sale_order_option crm_lead crm_stage crm_team crm_team_member crm_tag crm_lost_reason crm_recurring_plan utm_campaign utm_medium utm_source utm_stage
    utm_tag purchase_order purchase_order_line stock_warehouse stock_location stock_picking stock_picking_type stock_move stock_move_line stock_quant
    stock_lot stock_route stock_rule stock_scrap stock_package_type stock_quant_package stock_putaway_rule stock_storage_category stock_valuation_layer
    stock_warehouse_orderpoint procurement_group delivery_carrier delivery_price_rule project_project project_task project_task_type project_tags
    project_milestone project_update project_collaborator hr_employee hr_department hr_job hr_contract_type hr_work_location hr_departure_reason
    hr_employee_category hr_leave hr_leave_type hr_leave_allocation hr_expense hr_expense_sheet hr_attendance calendar_event calendar_attendee
    calendar_alarm calendar_recurrence calendar_event_type website website_page website_menu website_visitor website_track website_rewrite
    website_configurator_feature pos_config pos_session pos_order pos_order_line pos_payment pos_payment_method pos_category pos_bill pos_printer
    restaurant_floor restaurant_table loyalty_program loyalty_rule loyalty_reward loyalty_card digest_digest digest_tip rating_rating
    survey_survey survey_question survey_question_answer survey_user_input mailing_mailing mailing_contact mailing_list mailing_trace link_tracker
    link_tracker_code link_tracker_click event_event event_type event_registration event_event_ticket fleet_vehicle fleet_vehicle_model
    maintenance_equipment maintenance_request repair_order mrp_bom mrp_bom_line mrp_production mrp_workcenter mrp_workorder$names$, '\s+', ' ', 'g'), ' ');
  wanted integer := current_setting('bibind.filler_tables')::integer;
  name text;
  position integer;
BEGIN
  names := array_remove(names, '');
  IF wanted > cardinality(names) THEN
    RAISE EXCEPTION 'There are names for % application tables, not for %', cardinality(names), wanted;
  END IF;
  FOR position IN 1..wanted LOOP
    name := names[position];
    EXECUTE format($table$
      CREATE TABLE %1$I (
        id serial PRIMARY KEY, sequence integer, company_id integer REFERENCES res_company ON DELETE SET NULL,
        partner_id integer REFERENCES res_partner ON DELETE SET NULL, currency_id integer, parent_id integer, color integer, name varchar, display_name jsonb,
        code varchar, reference varchar, state varchar, note text, amount numeric, quantity numeric, price_unit numeric,
        priority varchar, active boolean, date date, date_done timestamp)$table$, name);
    -- The records that customers are shown by a token.
    IF name IN ('account_move', 'product_document', 'project_project', 'project_task', 'purchase_order', 'sale_order') THEN
      EXECUTE format('ALTER TABLE %I ADD access_token varchar', name);
    END IF;
    EXECUTE format('CREATE INDEX %I ON %I (company_id)', name || '_company_id_index', name);
    EXECUTE format('CREATE INDEX %I ON %I (partner_id)', name || '_partner_id_index', name);
    IF position % 2 = 0 THEN
      EXECUTE format('CREATE INDEX %I ON %I (name)', name || '_name_index', name);
    END IF;
  END LOOP;
END
$$;
