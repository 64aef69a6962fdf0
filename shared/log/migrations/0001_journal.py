"""The log in PostgreSQL: topics, partitions, and segments of records that retention drops whole.

A partition's numbers come from its own row, whose lock is held to the commit: the order of numbers is the
order of commits, so a reader never sees a number before a smaller one. A segment is one day of one topic, a
leaf of ``enregistrement``; ``borne`` says which segment holds an offset.
"""

from alembic import op

revision = "0001_journal"
down_revision = None
branch_labels = None
depends_on = None

ORDRES = (
    """
    CREATE TABLE journal.topic (
        nom text PRIMARY KEY,
        partitions integer NOT NULL CHECK (partitions > 0),
        segment bigint NOT NULL,
        segment_jour date NOT NULL,
        cree_le timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    """
    CREATE TABLE journal.segment (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        topic text NOT NULL,
        ouvert_le timestamptz NOT NULL DEFAULT clock_timestamp()
    )
    """,
    """
    CREATE TABLE journal.partition (
        topic text NOT NULL REFERENCES journal.topic,
        partition integer NOT NULL,
        debut bigint NOT NULL DEFAULT 0,
        next bigint NOT NULL DEFAULT 0,
        segment bigint NOT NULL,
        PRIMARY KEY (topic, partition)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE journal.borne (
        topic text NOT NULL,
        partition integer NOT NULL,
        debut bigint NOT NULL,
        segment bigint NOT NULL,
        PRIMARY KEY (topic, partition, debut, segment)
    )
    """,
    """
    CREATE TABLE journal.enregistrement (
        segment bigint NOT NULL,
        partition integer NOT NULL,
        "offset" bigint NOT NULL,
        horodatage_ms bigint NOT NULL,
        cle bytea NOT NULL,
        valeur bytea NOT NULL
    ) PARTITION BY LIST (segment)
    """,
    """
    CREATE TABLE journal.membre (
        groupe text NOT NULL,
        topic text NOT NULL,
        membre text NOT NULL,
        vu_le timestamptz NOT NULL,
        PRIMARY KEY (groupe, topic, membre)
    ) WITH (fillfactor = 50)
    """,
    # A new segment with its leaf. The caller holds the topic's row.
    """
    CREATE FUNCTION journal.ouvrir_segment(p_topic text) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        v_id bigint;
        v_feuille text;
    BEGIN
        INSERT INTO journal.segment (topic) VALUES (p_topic) RETURNING id INTO v_id;
        v_feuille := 'enregistrement_' || v_id;
        EXECUTE format(
            'CREATE TABLE journal.%I (LIKE journal.enregistrement, CHECK (segment = %s), '
            'PRIMARY KEY (partition, "offset"))', v_feuille, v_id);
        EXECUTE format(
            'ALTER TABLE journal.enregistrement ATTACH PARTITION journal.%I FOR VALUES IN (%s)',
            v_feuille, v_id);
        RETURN v_id;
    END $$
    """,
    """
    CREATE FUNCTION journal.creer_topic(p_topic text, p_partitions integer) RETURNS integer
    LANGUAGE plpgsql AS $$
    DECLARE
        v_partitions integer;
        v_segment bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtextextended('journal.topic ' || p_topic, 0));
        SELECT t.partitions INTO v_partitions FROM journal.topic t WHERE t.nom = p_topic;
        IF FOUND THEN
            RETURN v_partitions;
        END IF;
        v_segment := journal.ouvrir_segment(p_topic);
        INSERT INTO journal.topic (nom, partitions, segment, segment_jour)
        VALUES (p_topic, p_partitions, v_segment, (clock_timestamp() AT TIME ZONE 'UTC')::date);
        INSERT INTO journal.partition (topic, partition, segment)
        SELECT p_topic, i, v_segment FROM generate_series(0, p_partitions - 1) AS i;
        INSERT INTO journal.borne (topic, partition, debut, segment)
        SELECT p_topic, i, 0, v_segment FROM generate_series(0, p_partitions - 1) AS i;
        RETURN p_partitions;
    END $$
    """,
    # The segment to write to: a new one when the day (UTC) has changed, or when forced.
    """
    CREATE FUNCTION journal.tourner(p_topic text, p_force boolean) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE
        v_jour date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
        v_segment bigint;
        v_segment_jour date;
    BEGIN
        SELECT t.segment, t.segment_jour INTO v_segment, v_segment_jour
        FROM journal.topic t WHERE t.nom = p_topic FOR UPDATE;
        IF v_segment_jour >= v_jour AND NOT p_force THEN
            RETURN v_segment;
        END IF;
        v_segment := journal.ouvrir_segment(p_topic);
        UPDATE journal.topic SET segment = v_segment, segment_jour = v_jour WHERE nom = p_topic;
        RETURN v_segment;
    END $$
    """,
    # Numbers for an append. Partitions come in ascending order, so that two appends never wait for each other
    # in a ring; a partition never goes back to an older segment.
    """
    CREATE FUNCTION journal.reserver(p_topic text, p_partitions integer[], p_nombres bigint[])
    RETURNS TABLE (r_partition integer, r_debut bigint, r_segment bigint, r_horodatage_ms bigint)
    LANGUAGE plpgsql AS $$
    DECLARE
        v_segment bigint;
        v_jour date;
        v_ancien bigint;
        i integer;
    BEGIN
        SELECT t.segment, t.segment_jour INTO v_segment, v_jour FROM journal.topic t WHERE t.nom = p_topic;
        IF NOT FOUND THEN
            RETURN;
        END IF;
        IF v_jour < (clock_timestamp() AT TIME ZONE 'UTC')::date THEN
            v_segment := journal.tourner(p_topic, false);
        END IF;
        FOR i IN 1 .. cardinality(p_partitions) LOOP
            r_partition := p_partitions[i];
            SELECT p.segment INTO v_ancien FROM journal.partition p
            WHERE p.topic = p_topic AND p.partition = r_partition FOR UPDATE;
            r_segment := greatest(v_ancien, v_segment);
            UPDATE journal.partition p SET next = p.next + p_nombres[i], segment = r_segment
            WHERE p.topic = p_topic AND p.partition = r_partition
            RETURNING p.next - p_nombres[i] INTO r_debut;
            IF r_segment <> v_ancien THEN
                INSERT INTO journal.borne (topic, partition, debut, segment)
                VALUES (p_topic, r_partition, r_debut, r_segment);
            END IF;
            r_horodatage_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
            RETURN NEXT;
        END LOOP;
    END $$
    """,
    # Drops the segments whose last record is older than p_avant_ms. Holds every partition of the topic, so
    # that no append is under way; partitions that were in a dropped segment move to the current one.
    """
    CREATE FUNCTION journal.elaguer(p_topic text, p_avant_ms bigint) RETURNS integer LANGUAGE plpgsql AS $$
    DECLARE
        v_courant bigint;
        v_id bigint;
        v_dernier bigint;
        v_perimes bigint[] := '{}';
    BEGIN
        SELECT t.segment INTO v_courant FROM journal.topic t WHERE t.nom = p_topic FOR UPDATE;
        PERFORM 1 FROM journal.partition p WHERE p.topic = p_topic ORDER BY p.partition FOR UPDATE;
        FOR v_id IN SELECT s.id FROM journal.segment s WHERE s.topic = p_topic ORDER BY s.id LOOP
            EXECUTE format(
                'SELECT max(x.horodatage_ms) FROM journal.partition p, LATERAL ('
                '  SELECT e.horodatage_ms FROM journal.%I e WHERE e.partition = p.partition'
                '  ORDER BY e."offset" DESC LIMIT 1) x WHERE p.topic = $1', 'enregistrement_' || v_id)
            INTO v_dernier USING p_topic;
            EXIT WHEN v_dernier >= p_avant_ms;
            IF v_id = v_courant THEN
                EXIT WHEN v_dernier IS NULL;
                v_courant := journal.tourner(p_topic, true);
            END IF;
            v_perimes := v_perimes || v_id;
        END LOOP;
        IF cardinality(v_perimes) = 0 THEN
            RETURN 0;
        END IF;
        DELETE FROM journal.borne b WHERE b.topic = p_topic AND b.segment = ANY (v_perimes);
        INSERT INTO journal.borne (topic, partition, debut, segment)
        SELECT p.topic, p.partition, p.next, v_courant FROM journal.partition p
        WHERE p.topic = p_topic AND p.segment = ANY (v_perimes);
        UPDATE journal.partition p SET
            segment = CASE WHEN p.segment = ANY (v_perimes) THEN v_courant ELSE p.segment END,
            debut = (SELECT min(b.debut) FROM journal.borne b
                     WHERE b.topic = p.topic AND b.partition = p.partition)
        WHERE p.topic = p_topic;
        FOREACH v_id IN ARRAY v_perimes LOOP
            EXECUTE format('DROP TABLE journal.%I', 'enregistrement_' || v_id);
        END LOOP;
        DELETE FROM journal.segment s WHERE s.id = ANY (v_perimes);
        RETURN cardinality(v_perimes);
    END $$
    """,
)


def upgrade() -> None:
    for ordre in ORDRES:
        op.execute(ordre)


def downgrade() -> None:
    raise NotImplementedError("le journal ne se défait pas : ce serait perdre des événements")
