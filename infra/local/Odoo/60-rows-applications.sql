-- Rows of the application tables: from a handful (settings) to some hundreds (records).
DO $$
DECLARE
  name text;
  position integer;
BEGIN
  FOR name, position IN
    SELECT t.tablename, row_number() OVER (ORDER BY t.tablename)
    FROM pg_tables t JOIN information_schema.columns c ON c.table_schema = 'public' AND c.table_name = t.tablename AND c.column_name = 'date_done'
    WHERE t.schemaname = 'public' AND EXISTS (
      SELECT 1 FROM information_schema.columns p WHERE p.table_schema = 'public' AND p.table_name = t.tablename AND p.column_name = 'price_unit')
    ORDER BY t.tablename
  LOOP
    EXECUTE format($rows$
      INSERT INTO %1$I (sequence, company_id, partner_id, currency_id, name, display_name, code, reference, state, note, amount, quantity, price_unit, priority, active, date)
      SELECT n, 1, 1 + n %% 6, 1 + n %% 2, initcap(replace(%1$L, '_', ' ')) || ' ' || n, jsonb_build_object('en_US', 'Record ' || n, 'fr_FR', 'Fiche ' || n),
             md5(%1$L || n), 'REF/' || lpad(n::text, 5, '0'), (ARRAY['draft', 'confirmed', 'done'])[1 + n %% 3], repeat(md5(n || %1$L), 3), n * 1.5, n %% 7,
             n * 0.25, '0', true, DATE '2025-01-06' + n %% 300
      FROM generate_series(1, %2$s) n$rows$, name, 10 + (position * 37) % 120);
  END LOOP;
END
$$;
