-- Grain : une ligne par action du plan, et par fichier donné.
SELECT
    _millesime AS millesime,
    _livraison AS livraison,
    {{ texte('id_action') }} AS id_action,
    {{ texte('niveau') }} AS niveau,
    {{ texte('code_territoire') }} AS code_territoire,
    {{ texte('code_action') }} AS code_action,
    {{ texte('intitule') }} AS intitule,
    {{ texte('pilote') }} AS pilote,
    {{ texte('etat') }} AS etat,
    {{ jour('date_debut') }} AS date_debut,
    {{ jour('date_fin_prevue') }} AS date_fin_prevue,
    {{ jour('date_fin_reelle') }} AS date_fin_reelle,
    {{ decimal('budget_prevu_eur') }} AS budget_prevu_eur,
    {{ decimal('budget_engage_eur') }} AS budget_engage_eur,
    {{ decimal('budget_depense_eur') }} AS budget_depense_eur,
    {{ texte('financeurs') }} AS financeurs,
    {{ decimal('avancement_pct') }} AS avancement_pct
FROM {{ source('raw', 'apports__actions') }}
