#!/bin/sh
# Draw the secrets of production, once: docker/creer_secrets.sh /etc/pilotage/secrets [other name of the database server…]
# A secret already there is kept. The folder is its owner's alone; the files in it can be read by the containers' users,
# which see only those given to their service. `autorite_cle` signs certificates: no service gets it.
# To renew the server's certificate (it lasts 825 days), delete postgres_certificat and run this again.
set -eu
dossier=${1:?usage: creer_secrets.sh DOSSIER [NOM…]}
shift
mkdir -p "$dossier"
chmod 0700 "$dossier"
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
    if [ ! -s "$dossier/$1" ] || [ "$(cat "$dossier/$1")" != "$2" ]; then
        rm -f "$dossier/$1"
        tirer "$1" "$2"
    fi
}
hasard() { openssl rand -base64 "$1" | tr '+/' '-_' | tr -d '\n'; }
cle() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }

for nom in postgres_mot_de_passe pilotage_mot_de_passe chargeur_mot_de_passe airflow_mot_de_passe lecteur_mot_de_passe; do
    tirer "$nom" "$(hasard 24)"
done
tirer airflow_fernet "$(hasard 32)"
tirer airflow_jwt "$(hasard 48)"
tirer airflow_session "$(hasard 48)"
# Recognises people who asked to be erased, on each machine that loads: losing it is losing the list.
tirer oppositions_cle "$(hasard 24)"
tirer airflow_utilisateurs "{\"pilotage\": \"$(hasard 18)\"}"

# To be filled in by hand, or left empty: where alerts go. Their addresses hold a token or a password.
for nom in alerte_webhook smtp_url; do
    if [ ! -e "$dossier/$nom" ]; then
        : > "$dossier/$nom"
        chmod 0444 "$dossier/$nom"
    fi
done

if [ ! -s "$dossier/postgres_ca" ]; then
    cle "$dossier/autorite_cle"
    openssl req -x509 -new -key "$dossier/autorite_cle" -sha256 -days 3650 -subj "/CN=Pilotage, autorité interne" -utf8 \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign,cRLSign \
        -out "$dossier/postgres_ca"
    chmod 0444 "$dossier/postgres_ca"
    rm -f "$dossier/postgres_certificat"
    echo "créé : $dossier/postgres_ca"
fi
if [ ! -s "$dossier/postgres_certificat" ]; then
    noms="DNS:postgres,DNS:localhost,IP:127.0.0.1"
    for nom in "$@"; do noms="$noms,DNS:$nom"; done
    rm -f "$dossier/postgres_cle"
    cle "$dossier/postgres_cle"
    demande=$(mktemp -d)
    openssl req -new -key "$dossier/postgres_cle" -subj "/CN=postgres" -out "$demande/csr"
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$noms" > "$demande/ext"
    openssl x509 -req -in "$demande/csr" -CA "$dossier/postgres_ca" -CAkey "$dossier/autorite_cle" -sha256 -days 825 \
        -set_serial "0x$(openssl rand -hex 16)" -extfile "$demande/ext" -out "$dossier/postgres_certificat" 2>/dev/null
    rm -rf "$demande"
    chmod 0444 "$dossier/postgres_certificat" "$dossier/postgres_cle"
    echo "créé : $dossier/postgres_certificat"
fi
adresse="postgres:5432/pilotage?sslmode=verify-full&sslrootcert=/run/secrets/postgres_ca"
deriver lecteur_adresse "postgresql://lecteur:$(cat "$dossier/lecteur_mot_de_passe")@$adresse"
