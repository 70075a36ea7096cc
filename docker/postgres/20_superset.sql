-- Superset's own tables (docker/machines.yaml): a database and a role that see nothing of the warehouse.
\set ON_ERROR_STOP on
\set superset_mot_de_passe `cat /run/secrets/superset_mot_de_passe`
SET password_encryption = 'scram-sha-256';
SET log_statement = 'none';
CREATE ROLE superset LOGIN PASSWORD :'superset_mot_de_passe' CONNECTION LIMIT 30;
CREATE DATABASE superset OWNER superset;
REVOKE ALL ON DATABASE superset FROM PUBLIC;
COMMENT ON ROLE superset IS 'Base de Superset, et rien d''autre ; les tableaux lisent l''entrepôt par lecteur.';
