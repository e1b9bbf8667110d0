-- Web assets and images kept in the database, as many as it takes to weigh what is wanted.
-- bibind.target_bytes: what pg_database_size should answer at the end; statistics and visibility maps, still to come, take an eighth.
ALTER TABLE ir_attachment ALTER db_datas SET STORAGE EXTERNAL;
INSERT INTO ir_attachment (name, res_model, res_id, company_id, type, url, public, db_datas, file_size, checksum, mimetype)
SELECT a.name, 'ir.ui.view', 0, 1, 'binary', '/web/assets/' || substr(md5(a.name), 1, 7) || '/' || a.name, true, a.bytes, length(a.bytes),
       substr(md5(a.name) || md5(a.name || 'c'), 1, 40), 'text/css'
FROM (
  SELECT 'asset.' || n || '.min.css' AS name, (SELECT string_agg(encode(sha512((n || ':' || part)::bytea), 'hex'), E'\n' ORDER BY part)::bytea
     FROM generate_series(1, 120) part) AS bytes
  FROM generate_series(1, greatest(4, (current_setting('bibind.target_bytes')::bigint * 7 / 8 - pg_database_size(current_database())) / 16600)) n) a;
-- Images that lie in the file store; bibind.files says which.
INSERT INTO ir_attachment (name, res_model, res_id, res_field, company_id, type, public, store_fname, file_size, checksum, mimetype)
SELECT 'image_' || n, 'res.partner', 1 + n % 6, 'image_128', 1, 'binary', false, left(h, 2) || '/' || h, size, h, 'image/svg+xml'
FROM json_to_recordset(current_setting('bibind.files')::json) AS i(n int, h text, size int);
