-- Grain : une ligne par partenariat, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('id_partenariat') }} AS id_partenariat,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ texte('nom_partenaire') }} AS nom_partenaire,
    {{ siret('siret') }} AS siret,
    {{ texte('type_partenaire') }} AS type_partenaire,
    {{ texte('code_action') }} AS code_action,
    {{ texte('objet') }} AS objet,
    {{ texte('etat') }} AS etat,
    {{ jour('date_debut') }} AS date_debut,
    {{ jour('date_fin') }} AS date_fin,
    {{ decimal('montant_eur') }} AS montant_eur
FROM {{ source('raw', 'apports__partenaires') }}
