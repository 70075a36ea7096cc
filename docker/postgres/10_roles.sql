-- Roles and databases of production, once, on an empty server. Passwords are read from Docker secrets by psql itself:
-- they stand neither in this file, nor in a command line, nor in the server's log.
\set ON_ERROR_STOP on
\set pilotage_mot_de_passe `cat /run/secrets/pilotage_mot_de_passe`
\set chargeur_mot_de_passe `cat /run/secrets/chargeur_mot_de_passe`
\set airflow_mot_de_passe `cat /run/secrets/airflow_mot_de_passe`
\set lecteur_mot_de_passe `cat /run/secrets/lecteur_mot_de_passe`

SET password_encryption = 'scram-sha-256';
SET log_statement = 'none';

-- proprietaire owns everything and never logs in; pilotage builds and publishes in its name.
CREATE ROLE proprietaire NOLOGIN;
CREATE ROLE pilotage LOGIN NOINHERIT IN ROLE proprietaire PASSWORD :'pilotage_mot_de_passe' CONNECTION LIMIT 40;

-- chargeur writes what ingestion writes (pilotage/roles.py gives it its rights at each migration); the owner is its
-- member, and so reads and maintains what it owns; never the reverse.
CREATE ROLE chargeur LOGIN NOINHERIT PASSWORD :'chargeur_mot_de_passe' CONNECTION LIMIT 20;
ALTER ROLE chargeur SET lock_timeout = '10min';
ALTER ROLE chargeur SET idle_in_transaction_session_timeout = '1h';
GRANT chargeur TO proprietaire;
CREATE ROLE airflow LOGIN PASSWORD :'airflow_mot_de_passe' CONNECTION LIMIT 60;

-- lecteur is for BI tools and the curious: it reads what is visible, and for one minute at most.
CREATE ROLE lecteur LOGIN PASSWORD :'lecteur_mot_de_passe' CONNECTION LIMIT 60;
ALTER ROLE lecteur SET default_transaction_read_only = on;
ALTER ROLE lecteur SET statement_timeout = '60s';
ALTER ROLE lecteur SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE lecteur SET lock_timeout = '10s';
ALTER ROLE lecteur SET temp_file_limit = '2GB';
-- What a dashboard narrows, the planner believes to be one row: it would loop over whole tables (pilotage/lecteur.py).
ALTER ROLE lecteur SET enable_nestloop = off;
-- A reader that crosses the switch is never the one that PostgreSQL ends: the switch gives way (pilotage/attente.py).
ALTER ROLE lecteur SET deadlock_timeout = '15s';

CREATE DATABASE pilotage OWNER proprietaire;
CREATE DATABASE airflow OWNER airflow;
REVOKE ALL ON DATABASE pilotage, airflow, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE pilotage TO pilotage, chargeur, lecteur;
ALTER ROLE pilotage IN DATABASE pilotage SET role = 'proprietaire';

\connect pilotage
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO proprietaire;
GRANT USAGE ON SCHEMA public TO lecteur;

-- What PostgreSQL gives to everyone and a reader has no use for: the advisory locks that publication takes, and large
-- objects, a way to write. The others keep locks (pilotage/lecteur.py does the same where it is superuser).
DO $$
DECLARE fonction regprocedure;
BEGIN
    FOR fonction IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~
            '^(pg_(try_)?advisory_.*|lo_(creat|create|from_bytea|import|put|unlink|truncate|truncate64)|lowrite)$'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', fonction);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO proprietaire, pilotage', fonction);
        IF fonction::text LIKE '%advisory%' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO chargeur', fonction);
        END IF;
    END LOOP;
END $$;

-- A view over a function runs that function as whoever reads it. Without a language nobody but the owner writes any.
REVOKE USAGE ON LANGUAGE sql, plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE sql, plpgsql TO proprietaire;
COMMENT ON ROLE proprietaire IS 'Possède les schémas de l''entrepôt ; personne ne s''y connecte.';
COMMENT ON ROLE pilotage IS 'Migre, construit et publie l''entrepôt au nom de proprietaire.';
COMMENT ON ROLE chargeur IS 'Écrit ce que l''ingestion écrit : raw, raw_candidats, quarantaine, journal.';
COMMENT ON ROLE lecteur IS 'Lecture seule de la génération visible, une minute par requête.';
COMMENT ON ROLE airflow IS 'Base d''Airflow, et rien d''autre.';
