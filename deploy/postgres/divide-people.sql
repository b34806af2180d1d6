-- Divides the tables of persons by oid: once, when they have grown too large for
-- one piece (docs/OPERATIONS.md, Sizes). Run it as the owner of the database
-- with Okno stopped and a backup made:
--
--   psql -v ON_ERROR_STOP=1 -c "SET okno.parts = 16" -f divide-people.sql okno_idp
--
-- What is unique over all people stands in person.claim and stays whole; all
-- other keys begin with oid afterwards. It is one transaction: an interruption
-- leaves everything as it was. The release before that of person.claim must not
-- run any more: it knows no claims.
DO $$
DECLARE
    parts  int := coalesce(nullif(current_setting('okno.parts', true), ''), '16')::int;
    tables text[] := ARRAY['person', 'version', 'document', 'contact', 'address', 'child', 'vehicle', 'proofing', 'avatar'];
    t      text;
    i      record;
    k      text;
BEGIN
    -- What the release before confirmed or removed without a claim.
    DELETE FROM person.claim c WHERE c.kind <> 'snils' AND NOT EXISTS (SELECT FROM person.contact h
        WHERE h.oid = c.oid AND h.kind = c.kind AND h.value_index = c.value_index AND h.state = 'confirmed');
    DELETE FROM person.claim c WHERE c.kind = 'snils' AND NOT EXISTS (SELECT FROM person.version h
        WHERE h.oid = c.oid AND h.snils_index = c.value_index AND h.state = 'verified');
    INSERT INTO person.claim (kind, value_index, oid, claimed_at)
        SELECT kind, value_index, oid, coalesce(confirmed_at, created_at) FROM person.contact WHERE state = 'confirmed' AND kind IN ('phone', 'email')
        UNION ALL
        SELECT 'snils', snils_index, oid, coalesce(ended_at, entered_at) FROM person.version WHERE state = 'verified'
        ON CONFLICT DO NOTHING;

    FOREACH t IN ARRAY tables LOOP
        EXECUTE format('ALTER TABLE person.%I RENAME TO %I', t, t || '_whole');
        EXECUTE format('CREATE TABLE person.%I (LIKE person.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS) PARTITION BY HASH (oid)',
            t, t || '_whole');
        FOR n IN 0 .. parts - 1 LOOP
            EXECUTE format('CREATE TABLE person.%I PARTITION OF person.%I FOR VALUES WITH (MODULUS %s, REMAINDER %s)', t || '_' || n, t, parts, n);
        END LOOP;
        EXECUTE format('INSERT INTO person.%I SELECT * FROM person.%I', t, t || '_whole');

        FOR i IN
            SELECT c.relname AS name, x.indisprimary AS main, x.indisunique AS single,
                EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey) AND a.attname = 'oid') AS own,
                substring(pg_get_indexdef(x.indexrelid) FROM ' USING (.*)$') AS def,
                (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.ord) FROM unnest(x.indkey::int[]) WITH ORDINALITY u (num, ord)
                    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.num) AS columns
            FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
            WHERE x.indrelid = format('person.%I', t || '_whole')::regclass
        LOOP
            EXECUTE format('ALTER INDEX person.%I RENAME TO %I', i.name, i.name || '_whole');
            IF i.main THEN
                EXECUTE format('ALTER TABLE person.%I ADD CONSTRAINT %I PRIMARY KEY (%s)', t, i.name,
                    CASE WHEN i.own THEN i.columns ELSE 'oid, ' || i.columns END);
            ELSE -- unique over all people no longer; ids are random, logins are claimed
                EXECUTE format('CREATE %s INDEX %I ON person.%I USING %s', CASE WHEN i.single AND i.own THEN 'UNIQUE' ELSE '' END, i.name, t, i.def);
            END IF;
        END LOOP;
    END LOOP;

    FOREACH t IN ARRAY tables LOOP
        FOR k IN SELECT replace(pg_get_constraintdef(c.oid), 'person.person_whole', 'person.person')
            FROM pg_constraint c WHERE c.conrelid = format('person.%I', t || '_whole')::regclass AND c.contype = 'f'
        LOOP
            EXECUTE format('ALTER TABLE person.%I ADD %s', t, k);
        END LOOP;
    END LOOP;
    FOREACH t IN ARRAY tables LOOP
        EXECUTE format('DROP TABLE person.%I CASCADE', t || '_whole');
    END LOOP;
END $$;
