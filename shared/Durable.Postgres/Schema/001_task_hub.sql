-- The task hub in one screen.
--
--   instances   One row for each orchestration instance, ended ones too: what people see (status, input, output).
--               Written when something visible changes, never to take work.
--   leases      One row for each instance that has NOT ended: who may run it. `token` is the fencing token: it grows
--               with every lease, and a commit that carries an old one changes nothing. `available_at` is in the
--               future while the instance is leased (or backs off), else in the past. `attempts` counts leases that
--               ended without a turn; too many, and the instance is isolated: available at infinity, and
--               instances.isolated_reason says why, until someone releases it.
--   messages    The inboxes. A message is visible from `visible_at`: a durable timer is a message to oneself that
--               becomes visible later. Read in the order of `id`.
--   activities  Activity work. `available_at` and `token` as in leases. A row lives from the turn that scheduled the
--               call until the answer is committed.
--   history     Append-only: one row a turn, holding the lines of that turn. A rewind, and continue-as-new, replace it.
--   payloads    (002) Texts of more than 64 KiB; the lines of the other tables hold their keys.
--
-- Flow.  start: instances + leases + messages(ExecutionStarted)  ->  a worker leases the instance and reads its inbox
-- ->  runs the orchestrator  ->  ONE commit: fence, delete the consumed messages and activities, append the history
-- row, insert activities, timers, messages and children, show the new status.  The end deletes the lease row, and with
-- it the right of any late message to be heard.
--
-- Invariants.  (1) Who holds the current token of a leases row, and nobody else, appends history. (2) A message or an
-- activity is deleted in the commit that records it, which fails unless it was there: each is recorded once. (3) Turn numbers are the primary key:
-- a turn is stored once. (4) Rows of leases and activities are locked in the order of their keys, or skipped when
-- locked; no other table is ever locked, so there is no deadlock. (5) NOTIFY is a hint; polling finds everything.

CREATE TABLE durable.instances (
  instance_id        text COLLATE "C" PRIMARY KEY,
  execution_id       text NOT NULL,
  name               text NOT NULL,
  version            text NOT NULL DEFAULT '',
  status             smallint NOT NULL,
  created_at         timestamptz NOT NULL,
  updated_at         timestamptz NOT NULL,
  completed_at       timestamptz,
  input              text,
  output             text,
  custom_status      text,
  failure            json,
  parent_instance_id text,
  tags               jsonb NOT NULL DEFAULT '{}',
  isolated_reason    text
);
CREATE INDEX instances_created ON durable.instances (created_at DESC, instance_id DESC);
CREATE INDEX instances_unfinished ON durable.instances (status, created_at DESC) WHERE completed_at IS NULL;
CREATE INDEX instances_isolated ON durable.instances (created_at DESC, instance_id DESC) WHERE isolated_reason IS NOT NULL;
CREATE INDEX instances_tags ON durable.instances USING gin (tags jsonb_path_ops);

-- Tokens are never used twice, not even by an instance that replaces an ended one of the same id.
CREATE SEQUENCE durable.lease_tokens;

CREATE TABLE durable.leases (
  instance_id  text COLLATE "C" PRIMARY KEY,
  token        bigint NOT NULL DEFAULT 0,
  locked_by    text,
  available_at timestamptz NOT NULL DEFAULT '-infinity',
  attempts     int NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE durable.messages (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  instance_id  text COLLATE "C" NOT NULL,
  execution_id text,
  visible_at   timestamptz NOT NULL,
  event        json NOT NULL
);
CREATE INDEX messages_visible ON durable.messages (visible_at);
CREATE INDEX messages_inbox ON durable.messages (instance_id, id);

CREATE TABLE durable.activities (
  id           uuid PRIMARY KEY,
  instance_id  text COLLATE "C" NOT NULL,
  execution_id text NOT NULL,
  scheduled    json NOT NULL,
  token        bigint NOT NULL,
  deliveries   int NOT NULL,
  given_back   int NOT NULL DEFAULT 0,
  locked_by    text,
  available_at timestamptz NOT NULL
);
CREATE INDEX activities_available ON durable.activities (available_at);
CREATE INDEX activities_instance ON durable.activities (instance_id);

CREATE TABLE durable.history (
  instance_id  text COLLATE "C" NOT NULL,
  turn         int NOT NULL,
  execution_id text NOT NULL,
  events       json NOT NULL,
  PRIMARY KEY (instance_id, turn)
);

-- Locks the lease rows in the order of their keys and fails unless every token is the current one.
CREATE FUNCTION durable.fence(ids text[], tokens bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE held int;
BEGIN
  SELECT count(*) INTO held FROM (
    SELECT 1
    FROM durable.leases l
    JOIN unnest(ids, tokens) AS w (id, token) ON l.instance_id = w.id AND l.token = w.token
    ORDER BY l.instance_id
    FOR UPDATE OF l) AS locked;
  IF held <> cardinality(ids) THEN
    RAISE EXCEPTION 'an instance lease was lost' USING ERRCODE = 'BD001';
  END IF;
END $$;

-- Deletes activities whose answers are being recorded and fails unless every token is the current one.
CREATE FUNCTION durable.consume_activities(ids uuid[], tokens bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE held int;
BEGIN
  WITH locked AS (
    SELECT a.id
    FROM durable.activities a
    JOIN unnest(ids, tokens) AS w (id, token) ON a.id = w.id AND a.token = w.token
    ORDER BY a.id
    FOR UPDATE OF a),
  deleted AS (DELETE FROM durable.activities a USING locked WHERE a.id = locked.id RETURNING 1)
  SELECT count(*) INTO held FROM deleted;
  IF held <> cardinality(ids) THEN
    RAISE EXCEPTION 'an activity lease was lost' USING ERRCODE = 'BD001';
  END IF;
END $$;

-- Deletes messages that are being recorded and fails unless every one is still there. A lease that waited for a row lock
-- reads messages as of before its wait: one that was consumed meanwhile must not be recorded again.
CREATE FUNCTION durable.consume_messages(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE held int;
BEGIN
  WITH deleted AS (DELETE FROM durable.messages WHERE id = ANY (ids) RETURNING 1)
  SELECT count(*) INTO held FROM deleted;
  IF held <> cardinality(ids) THEN
    RAISE EXCEPTION 'a message was consumed already' USING ERRCODE = 'BD001';
  END IF;
END $$;

-- Creates an instance with its first message. Answers NULL if it did, else the status of the one that is in the way.
CREATE FUNCTION durable.create_instance(
  p_instance_id text, p_execution_id text, p_name text, p_version text, p_input text, p_parent text, p_tags jsonb,
  p_created_at timestamptz, p_start_at timestamptz, p_event json, p_replaceable smallint[]) RETURNS smallint LANGUAGE plpgsql AS $$
DECLARE existing smallint;
BEGIN
  LOOP
    INSERT INTO durable.instances AS i
      (instance_id, execution_id, name, version, status, created_at, updated_at, input, parent_instance_id, tags)
    VALUES (p_instance_id, p_execution_id, p_name, p_version, 6, p_created_at, p_created_at, p_input, p_parent, p_tags)
    ON CONFLICT DO NOTHING;
    EXIT WHEN FOUND;
    SELECT status INTO existing FROM durable.instances WHERE instance_id = p_instance_id FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    -- Only an instance that has ended may be replaced, whatever the caller lists.
    IF NOT existing = ANY (p_replaceable) OR EXISTS (SELECT FROM durable.leases WHERE instance_id = p_instance_id) THEN
      RETURN existing;
    END IF;
    DELETE FROM durable.history WHERE instance_id = p_instance_id;
    DELETE FROM durable.messages WHERE instance_id = p_instance_id;
    DELETE FROM durable.payloads WHERE instance_id = p_instance_id;
    DELETE FROM durable.instances WHERE instance_id = p_instance_id;
  END LOOP;
  INSERT INTO durable.leases (instance_id) VALUES (p_instance_id);
  INSERT INTO durable.messages (instance_id, execution_id, visible_at, event)
  VALUES (p_instance_id, NULL, coalesce(p_start_at, now()), p_event);
  RETURN NULL;
END $$;

-- Makes a failed instance run again, beginning with a message; the worker that gets it rewrites the history. Answers
-- false if there is no such instance, or it has not failed, or it is not a child of p_parent where one is given.
CREATE FUNCTION durable.rewind_instance(p_instance_id text, p_parent text, p_event json) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE durable.instances
  SET status = 0, output = NULL, failure = NULL, completed_at = NULL, updated_at = now()
  WHERE instance_id = p_instance_id AND status = 3 AND (p_parent IS NULL OR parent_instance_id = p_parent);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO durable.leases (instance_id) VALUES (p_instance_id);
  INSERT INTO durable.messages (instance_id, visible_at, event) VALUES (p_instance_id, now(), p_event);
  RETURN true;
END $$;
