-- The columns that Odoo's ORM gives every table but the relations between two others.
-- Their defaults only serve the rows written here: 90-finish.sql takes them away.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%\_rel' ORDER BY tablename LOOP
    EXECUTE format($columns$
      ALTER TABLE %1$I
        ADD create_uid integer DEFAULT 1, ADD write_uid integer DEFAULT 1,
        ADD create_date timestamp DEFAULT '2025-01-06 08:00:00', ADD write_date timestamp DEFAULT '2025-01-06 08:00:00'$columns$, name);
  END LOOP;
END
$$;
