-- One row a line of the file, typed, with the first rule that sets it aside (null: kept).
with brut as (
    select
        trimestre,
        {{ texte('imb_id') }} as imb_id,
        upper({{ texte('code_insee') }}) as code_lu,
        lower({{ texte('catg_loc_imb') }}) as categorie,
        replace(translate(lower({{ texte('imb_etat') }}), 'éèêç', 'eeec'), '_', ' ') as etat_lu,
        coalesce(upper({{ texte('code_l331') }}), 'NR') as code_operateur,
        {{ en_date(texte('date_completude')) }} as complet_le
    from {{ brut() }}
),

codes as (
    -- a spreadsheet loses the zero of départements 01 to 09
    select *, case when {{ correspond('code_lu', '[0-9]{4}') }} then concat('0', code_lu) else code_lu end as code
    from brut
)

select
    c.trimestre,
    c.imb_id,
    k.code_commune,
    c.code_operateur,
    e.etat,
    e.rang,
    t.locaux_minimum,
    c.complet_le,
    case
        when c.imb_id is null then 'sans_identifiant'
        when k.code_commune is null then 'commune_inconnue'
        when c.etat_lu is null then 'etat_vide'
        when e.etat is null then 'etat_inconnu'
    end as regle
from codes as c
left join {{ ref('communes_connues') }} as k on c.code = k.code_commune
left join {{ ref('etats') }} as e on c.etat_lu = e.etat
left join {{ ref('tailles') }} as t on c.categorie = t.categorie
