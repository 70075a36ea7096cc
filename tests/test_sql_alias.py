"""Following a personal column through SQL."""

from __future__ import annotations

import pytest

from pilotage.sql_alias import trace_names

PERSONNELLES = frozenset({"mail", "telephone"})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id, nom FROM x WHERE mail IS NOT NULL", set()),
        ("SELECT id, mail FROM x", {"mail"}),
        ("SELECT id, LOWER(mail) AS contact FROM x", {"contact"}),
        ("SELECT mail::text AS c, ARRAY_AGG(telephone) AS t FROM x GROUP BY 1", {"c", "t"}),
        ("WITH a AS (SELECT mail AS m FROM x), b AS (SELECT a.*, m || '!' AS n FROM a) SELECT n AS vu FROM b", {"vu"}),
        ("WITH a AS (SELECT id, mail AS m FROM x) SELECT * FROM a", {"m"}),
        ("WITH a(b, c) AS (SELECT id, mail FROM x) SELECT c AS d FROM a", {"d"}),
        ("SELECT u.v FROM (SELECT mail FROM x) AS u(v)", {"v"}),
        ("SELECT id, nom FROM x UNION ALL SELECT id, telephone FROM y", {"nom"}),
        ("SELECT (SELECT MAX(telephone) FROM x) AS t", {"t"}),
        ("SELECT mail IS NULL AS sans, COUNT(mail) AS n FROM x", set()),
        ("SELECT mail IS NULL AND LENGTH(mail) > 2 AS fuite FROM x", {"fuite"}),
        ("SELECT id, '' AS note FROM {{ ref('stg') }} {# mail #}", set()),
        ("SELECT * FROM {{ source('raw', 'anct__france_services') }}", {"mail", "telephone"}),
        ("this is ((( no SQL", {"mail", "telephone"}),
    ],
)
def test_names_that_carry_a_personal_column_are_followed(sql, expected):
    assert trace_names(sql, PERSONNELLES) == expected
