-- When an instance starts that was told to wait. Its first message is visible from then on, and so is whatever is sent to it
-- before; only a termination is visible at once, and ends it before it has begun.

ALTER TABLE durable.leases ADD COLUMN starts_at timestamptz;

UPDATE durable.leases l
SET starts_at = m.visible_at
FROM durable.messages m
WHERE m.instance_id = l.instance_id AND m.visible_at > now() AND m.event ->> 'eventType' = 'ExecutionStarted';

-- Creates an instance with its first message. Answers NULL if it did, else the status of the one that is in the way.
CREATE OR REPLACE FUNCTION durable.create_instance(
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
  INSERT INTO durable.leases (instance_id, starts_at) VALUES (p_instance_id, p_start_at);
  INSERT INTO durable.messages (instance_id, execution_id, visible_at, event)
  VALUES (p_instance_id, NULL, greatest(now(), p_start_at), p_event);
  RETURN NULL;
END $$;
