#!/bin/sh
# Draw the secrets of production, once: docker/creer_secrets.sh /etc/pilotage/secrets
# A secret already there is kept. The folder is its owner's alone; the files in it can be read by the containers' users,
# which see only those given to their service.
set -eu
dossier=${1:?usage: creer_secrets.sh DOSSIER}
mkdir -p "$dossier"
chmod 0700 "$dossier"

tirer() {
    if [ ! -s "$dossier/$1" ]; then
        printf '%s' "$2" > "$dossier/$1"
        chmod 0444 "$dossier/$1"
        echo "créé : $dossier/$1"
    fi
}
hasard() { openssl rand -base64 "$1" | tr '+/' '-_' | tr -d '\n'; }

for nom in postgres_mot_de_passe pilotage_mot_de_passe airflow_mot_de_passe lecteur_mot_de_passe; do
    tirer "$nom" "$(hasard 24)"
done
tirer lecteur_adresse "postgresql://lecteur:$(cat "$dossier/lecteur_mot_de_passe")@postgres:5432/pilotage"
tirer airflow_fernet "$(hasard 32)"
tirer airflow_jwt "$(hasard 48)"
tirer airflow_session "$(hasard 48)"
tirer airflow_utilisateurs "{\"pilotage\": \"$(hasard 18)\"}"
