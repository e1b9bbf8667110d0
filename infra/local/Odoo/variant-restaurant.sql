-- A restaurant: till, tables, menu.
UPDATE ir_module_module SET state = 'installed', latest_version = '18.0.1.0'
WHERE name IN ('point_of_sale', 'pos_restaurant', 'product', 'stock', 'account', 'loyalty');
INSERT INTO ir_config_parameter (key, value) VALUES ('point_of_sale.limited_product_count', '20000');
INSERT INTO ir_sequence (number_next, number_increment, padding, company_id, name, code, implementation, prefix, active, use_date_range)
VALUES (1, 1, 4, 1, 'POS Order', 'pos.order', 'standard', 'Restaurant/', true, false);
INSERT INTO product_template (name, list_price, default_code, type, sale_ok, active)
SELECT jsonb_build_object('en_US', d.en, 'fr_FR', d.fr), d.price, d.category, 'consu', true, true
FROM (VALUES ('Onion soup', 'Soupe à l''oignon', 8.5, 'starter'), ('Green salad', 'Salade verte', 6, 'starter'), ('Steak and fries', 'Steak frites', 18.5, 'main'),
  ('Bass fillet', 'Filet de bar', 21, 'main'), ('Mushroom risotto', 'Risotto aux champignons', 16, 'main'), ('Apple tart', 'Tarte aux pommes', 7.5, 'dessert'),
  ('Chocolate mousse', 'Mousse au chocolat', 7, 'dessert'), ('Coffee', 'Café', 2.2, 'drink'), ('Mineral water', 'Eau minérale', 3.5, 'drink')) AS d (en, fr, price, category);
