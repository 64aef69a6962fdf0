#!/bin/sh
# Run once by PostgreSQL's image when the database is new: the role that Grafana reads with. The first migration lets
# it see the views of the indicators, and nothing else.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\set mot_de_passe `cat /run/secrets/lecture_mot_de_passe`
CREATE ROLE vigie_lecture LOGIN PASSWORD :'mot_de_passe' CONNECTION LIMIT 20;
ALTER ROLE vigie_lecture SET default_transaction_read_only = on;
ALTER ROLE vigie_lecture SET statement_timeout = '15s';
SQL
