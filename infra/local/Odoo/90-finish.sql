-- The defaults of the ORM columns go, their foreign keys come.
DO $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%\_rel' ORDER BY tablename LOOP
    EXECUTE format($columns$
      ALTER TABLE %1$I
        ALTER create_uid DROP DEFAULT, ALTER write_uid DROP DEFAULT, ALTER create_date DROP DEFAULT, ALTER write_date DROP DEFAULT,
        ADD FOREIGN KEY (create_uid) REFERENCES res_users ON DELETE SET NULL, ADD FOREIGN KEY (write_uid) REFERENCES res_users ON DELETE SET NULL$columns$, name);
  END LOOP;
END
$$;
