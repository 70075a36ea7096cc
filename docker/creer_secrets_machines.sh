#!/bin/sh
# Draw the secrets of docker/machines.yaml, once, on top of those of one machine:
#   docker/creer_secrets_machines.sh /etc/pilotage/secrets [name or address of the head, as other machines call it…]
# A secret already there is kept. To renew the certificate (825 days), delete machine_certificat and run this again.
set -eu
dossier=${1:?usage: creer_secrets_machines.sh DOSSIER [NOM…]}
ici=$(dirname "$0")
"$ici/creer_secrets.sh" "$@"
shift
umask 077

tirer() {
    if [ ! -s "$dossier/$1" ]; then
        printf '%s' "$2" > "$dossier/$1"
        chmod 0444 "$dossier/$1"
        echo "créé : $dossier/$1"
    fi
}
# A file made from other secrets follows them: written again when they changed, told only then.
deriver() {
    if [ ! -s "$dossier/$1" ] || [ "$(cat "$dossier/$1")" != "$(printf '%s' "$2")" ]; then
        rm -f "$dossier/$1"
        tirer "$1" "$2"
    fi
}
lire() { cat "$dossier/$1"; }
hasard() { openssl rand -base64 "$1" | tr '+/' '-_' | tr -d '\n'; }

for nom in redis_mot_de_passe redis_bi_mot_de_passe superset_mot_de_passe superset_administrateur; do
    tirer "$nom" "$(hasard 24)"
done
tirer superset_cle "$(hasard 48)"
tirer flower_compte "pilotage:$(hasard 18)"
tirer magasin_identifiant "PILOTAGE$(openssl rand -hex 6 | tr 'a-f' 'A-F')"
tirer magasin_cle "$(hasard 30)"

# Redis: the queue for Airflow, a cache for Superset, and a ping for the health check; nobody may change its settings.
deriver redis_regles "user default off
user sante on >sante resetkeys resetchannels -@all +ping
user pilotage on >$(lire redis_mot_de_passe) ~* &* +@all -@admin -@dangerous +info
user superset on >$(lire redis_bi_mot_de_passe) ~superset_* resetchannels -@all +@read +@write +@keyspace +@connection -@dangerous
"
# The store: one account for the tasks; it may do all but administer.
deriver magasin_identites "{\"identities\": [{\"name\": \"pilotage\", \"credentials\": [{\"accessKey\": \"$(lire magasin_identifiant)\",
  \"secretKey\": \"$(lire magasin_cle)\"}], \"actions\": [\"Read:pilotage\", \"Write:pilotage\", \"List:pilotage\", \"Tagging:pilotage\", \"Admin:pilotage\"]}]}"

if [ ! -s "$dossier/machine_certificat" ]; then
    noms="DNS:redis,DNS:magasin,DNS:api-server,DNS:localhost,IP:127.0.0.1"
    for nom in "$@"; do
        case $nom in
            *[!0-9.]*) noms="$noms,DNS:$nom" ;;
            *) noms="$noms,IP:$nom" ;;
        esac
    done
    demande=$(mktemp -d)
    rm -f "$dossier/machine_cle"
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dossier/machine_cle" 2>/dev/null
    openssl req -new -key "$dossier/machine_cle" -subj "/CN=pilotage" -out "$demande/csr"
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$noms" > "$demande/ext"
    openssl x509 -req -in "$demande/csr" -CA "$dossier/postgres_ca" -CAkey "$dossier/autorite_cle" -sha256 -days 825 \
        -set_serial "0x$(openssl rand -hex 16)" -extfile "$demande/ext" -out "$dossier/machine_certificat" 2>/dev/null
    rm -rf "$demande"
    chmod 0444 "$dossier/machine_certificat" "$dossier/machine_cle"
    echo "créé : $dossier/machine_certificat"
fi
