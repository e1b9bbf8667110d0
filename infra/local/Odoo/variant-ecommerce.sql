-- A shop: website, catalogue, delivery.
UPDATE ir_module_module SET state = 'installed', latest_version = '18.0.1.0'
WHERE name IN ('website', 'website_sale', 'website_payment', 'delivery', 'sale', 'product', 'stock', 'account');
INSERT INTO ir_config_parameter (key, value) VALUES ('website_sale.cart_abandoned_delay', '10');
INSERT INTO ir_sequence (number_next, number_increment, padding, company_id, name, code, implementation, prefix, active, use_date_range)
VALUES (1, 1, 5, 1, 'Web Order', 'website.sale.order', 'standard', 'WEB', true, false);
INSERT INTO payment_method (name, code, active, sequence) VALUES ('{"en_US": "Apple Pay"}', 'apple_pay', true, 5), ('{"en_US": "iDEAL"}', 'ideal', true, 6);
INSERT INTO ir_ui_view (name, key, type, mode, priority, active, arch_db)
SELECT 'Page ' || n, 'website.page_' || n, 'qweb', 'primary', 16, true, jsonb_build_object('en_US', '<t t-name="website.page_' || n || '"><div id="wrap"/></t>')
FROM generate_series(1, 8) n;
INSERT INTO product_template (name, list_price, default_code, type, sale_ok, active, weight)
SELECT jsonb_build_object('en_US', 'Article ' || n, 'fr_FR', 'Article ' || n), 5 + n * 2.5, 'ART-' || lpad(n::text, 4, '0'), 'consu', true, true, 0.1 * n
FROM generate_series(1, 40) n;
