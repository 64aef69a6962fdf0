#!/bin/sh
# Makes the files of secrets that docker-compose.yml mounts, each at random, in ./secrets or the folder given. What is
# there already is kept: run it again after an update that asks for one more.
#
# The folder is closed to other accounts of this machine; the files in it are open, because containers read them as
# users that do not exist here.
set -eu
dossier=${1:-secrets}
mkdir -p "$dossier"
chmod 0700 "$dossier"

garder() { # garder NAME COMMAND…: what the command writes becomes that secret, unless there is one
	fichier=$dossier/$1
	shift
	if [ ! -s "$fichier" ]; then
		"$@" >"$fichier.nouveau"
		chmod 0444 "$fichier.nouveau"
		mv "$fichier.nouveau" "$fichier"
		echo "$fichier"
	fi
}

# Hexadecimal: they go into addresses and into other programs' configuration, where no character may need an escape.
for nom in base_mot_de_passe lecture_mot_de_passe grafana_mot_de_passe cle_pseudonyme; do
	garder "$nom" openssl rand -hex 24
done
garder cle_secrets openssl rand -base64 32
garder base_url echo "postgresql://vigie:$(cat "$dossier/base_mot_de_passe")@postgres:5432/vigie"
