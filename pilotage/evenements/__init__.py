"""OpenLineage events, when PILOTAGE_OPENLINEAGE asks for them: from the landing's files to the published tables."""
