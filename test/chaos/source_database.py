"""The database that is copied: six tables whose contents hang together, and transactions that change them.

In every state that commits: the balances of both tables of accounts add up to TOTAL; an order's total is that of its lines;
a document's hash is of its body. `audit` has a row for each change of another table, of the same transaction, until it was checked;
the last of them stays.
"""
ACCOUNTS = 20
TOTAL = 2 * ACCOUNTS * 1000
DOCUMENTS = 200  # about so many stay
WATCHED = ("accounts_a", "accounts_b", "orders", "lines", "documents")
TABLES = (*WATCHED, "audit")
PASSWORD = "chaos-secret"

SCHEMA = f"""
CREATE TABLE accounts_a (id bigint PRIMARY KEY, balance bigint NOT NULL, rev bigint NOT NULL DEFAULT 0);
CREATE TABLE accounts_b (LIKE accounts_a INCLUDING ALL);
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2) NOT NULL, note text, rev bigint NOT NULL DEFAULT 0);
CREATE TABLE lines (order_id bigint REFERENCES orders ON UPDATE CASCADE ON DELETE CASCADE, n int, amount numeric(12,2) NOT NULL, rev bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, n));
CREATE TABLE documents (id text PRIMARY KEY, title text, body text, hash text NOT NULL, changed timestamptz, rev bigint NOT NULL DEFAULT 0);
ALTER TABLE documents ALTER body SET STORAGE EXTERNAL;
CREATE TABLE audit (seq bigserial PRIMARY KEY, tab text NOT NULL, op text NOT NULL, k text NOT NULL, rev bigint);
CREATE SEQUENCE numbers;
INSERT INTO accounts_a SELECT i, 1000, 0 FROM generate_series(1, {ACCOUNTS}) i;
INSERT INTO accounts_b SELECT i, 1000, 0 FROM generate_series(1, {ACCOUNTS}) i;
INSERT INTO documents SELECT 'first' || i, 't', repeat(md5(i::text), 100), md5(repeat(md5(i::text), 100)), now(), 0 FROM generate_series(1, 50) i;

CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        INSERT INTO audit (tab, op, k) VALUES (TG_TABLE_NAME, 't', '');
        RETURN NULL;
    END IF;
    IF TG_OP = 'DELETE' THEN one := OLD; ELSE one := NEW; END IF;
    INSERT INTO audit (tab, op, k, rev) VALUES (TG_TABLE_NAME, CASE TG_OP WHEN 'INSERT' THEN 'c' WHEN 'UPDATE' THEN 'u' ELSE 'd' END,
        CASE TG_TABLE_NAME WHEN 'lines' THEN (to_jsonb(one)->>'order_id') || '/' || (to_jsonb(one)->>'n') ELSE to_jsonb(one)->>'id' END,
        CASE WHEN TG_OP <> 'DELETE' THEN (to_jsonb(one)->>'rev')::bigint END);
    RETURN NULL;
END $$;

CREATE FUNCTION some_body() RETURNS text LANGUAGE sql AS $$ SELECT repeat(md5(random()::text), 70 + (random() * 500)::int) $$;

CREATE PROCEDURE transfer() LANGUAGE plpgsql AS $$
DECLARE a bigint; b bigint; amount bigint := (random() * 100)::bigint;
BEGIN
    SELECT id INTO a FROM accounts_a ORDER BY random() LIMIT 1;
    SELECT id INTO b FROM accounts_b ORDER BY random() LIMIT 1;
    IF a IS NULL OR b IS NULL THEN RETURN; END IF;
    UPDATE accounts_a SET balance = balance - amount, rev = rev + 1 WHERE id = a;
    IF NOT FOUND THEN RETURN; END IF;
    UPDATE accounts_b SET balance = balance + amount, rev = rev + 1 WHERE id = b;
    IF NOT FOUND THEN RAISE EXCEPTION 'another has moved it'; END IF;
END $$;

CREATE PROCEDURE move() LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.5 THEN
        WITH gone AS (DELETE FROM accounts_a WHERE id = (SELECT id FROM accounts_a ORDER BY random() LIMIT 1) RETURNING *)
        INSERT INTO accounts_b SELECT nextval('numbers') + 1000, balance, rev + 1 FROM gone;
    ELSE
        WITH gone AS (DELETE FROM accounts_b WHERE id = (SELECT id FROM accounts_b ORDER BY random() LIMIT 1) RETURNING *)
        INSERT INTO accounts_a SELECT nextval('numbers') + 1000, balance, rev + 1 FROM gone;
    END IF;
END $$;

CREATE PROCEDURE place(how_many int) LANGUAGE plpgsql AS $$
DECLARE new bigint := nextval('numbers');
BEGIN
    INSERT INTO orders VALUES (new, 0, 'new', 0);
    INSERT INTO lines SELECT new, i, (random() * 100)::numeric(12,2), 0 FROM generate_series(1, how_many) i;
    UPDATE orders SET total = (SELECT sum(amount) FROM lines WHERE order_id = new), rev = 1 WHERE id = new;
END $$;

CREATE PROCEDURE change_order() LANGUAGE plpgsql AS $$
DECLARE one bigint; delta numeric(12,2) := (random() * 10)::numeric(12,2);
BEGIN
    SELECT id INTO one FROM orders ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF one IS NULL THEN RETURN; END IF;
    IF random() < 0.5 THEN DELETE FROM orders WHERE id = one; RETURN; END IF;
    IF random() < 0.2 THEN UPDATE orders SET id = nextval('numbers'), rev = rev + 1 WHERE id = one; RETURN; END IF;
    UPDATE lines SET amount = amount + delta, rev = rev + 1 WHERE order_id = one;
    UPDATE orders SET total = (SELECT coalesce(sum(amount), 0) FROM lines WHERE order_id = one), rev = rev + 1, note = md5(random()::text) WHERE id = one;
END $$;

CREATE PROCEDURE write_document() LANGUAGE plpgsql AS $$
DECLARE one text; what text := some_body(); dice float := random();
BEGIN
    SELECT id INTO one FROM documents ORDER BY random() LIMIT 1;
    IF dice < 0.2 AND (SELECT count(*) FROM documents) > {DOCUMENTS} THEN DELETE FROM documents WHERE id = one; RETURN; END IF;
    IF one IS NULL OR dice < 0.2 THEN
        INSERT INTO documents VALUES ('d' || nextval('numbers'), 'new', what, md5(what), now(), 0);
    ELSIF dice < 0.5 THEN UPDATE documents SET title = md5(random()::text), changed = now(), rev = rev + 1 WHERE id = one;
    ELSIF dice < 0.65 THEN UPDATE documents SET body = what, hash = md5(what), rev = rev + 1 WHERE id = one;
    ELSIF dice < 0.8 THEN UPDATE documents SET id = 'k' || nextval('numbers'), title = NULL, rev = rev + 1 WHERE id = one;
    ELSIF dice < 0.9 THEN
        DELETE FROM documents WHERE id = one;
        IF FOUND AND random() < 0.5 THEN
            INSERT INTO documents VALUES (one, 'again', what, md5(what), now(), 0);
            UPDATE documents SET title = 'once more', rev = 1 WHERE id = one;
        END IF;
    ELSE
        UPDATE documents SET title = 'both', rev = rev + 1 WHERE id = one;
        UPDATE documents SET body = what, hash = md5(what), rev = rev + 1 WHERE id = one;
        UPDATE documents SET title = 'all three', rev = rev + 1 WHERE id = one;
    END IF;
END $$;
""" + "".join(f"""
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER note_emptied AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION note();""" for table in WATCHED)

# Of one statement, so that a query sees all of them at one moment.
INVARIANTS = """SELECT
    (SELECT coalesce(sum(balance), 0) FROM {0}.accounts_a) + (SELECT coalesce(sum(balance), 0) FROM {0}.accounts_b) AS balances,
    (SELECT coalesce(sum(total), 0) FROM {0}.orders) - (SELECT coalesce(sum(amount), 0) FROM {0}.lines) AS totals,
    (SELECT count(*) FROM {0}.documents WHERE body IS NULL OR md5(body) <> hash) AS documents,
    (SELECT count(*) FROM {0}.lines l WHERE NOT EXISTS (SELECT 1 FROM {0}.orders o WHERE o.id = l.order_id)) AS lines,
    (SELECT coalesce(max(seq), 0) FROM {0}.audit) AS audit"""
HELD = [str(TOTAL), "0.00", "0", "0"]


def transaction(rng):
    """A random one, as SQL."""
    kind = rng.random()
    if kind < 0.3:
        return "CALL transfer();"
    if kind < 0.38:
        return "CALL move();"
    if kind < 0.5:
        return f"CALL place({rng.choice([1, 2, 3, 8, 30])});"
    if kind < 0.65:
        return "CALL change_order();"
    if kind < 0.85:
        return "CALL write_document();"
    if kind < 0.9:
        return "BEGIN; CALL transfer(); CALL write_document(); CALL place(2); ROLLBACK;"
    if kind < 0.96:
        return ("BEGIN; CALL transfer(); SAVEPOINT s; CALL place(3); CALL write_document(); ROLLBACK TO s; CALL write_document();"
                "SAVEPOINT t; CALL transfer(); RELEASE t; CALL change_order(); COMMIT;")
    if kind < 0.975:
        return "BEGIN; CALL place(4); TRUNCATE orders CASCADE; CALL place(5); COMMIT;"
    if kind < 0.985:
        return "BEGIN; UPDATE accounts_a SET rev = rev + 1; UPDATE documents SET rev = rev + 1, title = 'all'; COMMIT;"
    return "BEGIN; CALL place(200); UPDATE lines SET rev = rev + 1 WHERE n > 150; COMMIT;"
