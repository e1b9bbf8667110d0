-- Texts of more than 64 KiB, kept apart from the lines that bring them, once for each instance and content. A line in
-- history, messages or activities then holds the key instead (`payload`). They go when the instance goes, or continues
-- as new and nothing that still waits names them.

CREATE TABLE durable.payloads (
  instance_id text COLLATE "C" NOT NULL,
  key         text COLLATE "C" NOT NULL,
  data        text NOT NULL,
  PRIMARY KEY (instance_id, key)
);
