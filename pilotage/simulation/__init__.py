"""A simulated France, written out in each upstream's own format, at any scale. Every name and figure is fictional.

What keeps it from being taken for the real one, while cards, readers and gates see the forms they know:

- names of communes hold pairs of letters that no French name holds (`noms`), those of départements and régions say
  «simulé»; banners, manifest and free text say «données simulées»;
- codes have Insee's form (five characters, 2A and 2B, 971 to 976), counted down from the end of each département's
  numbers, where the official code has few or none; beyond about 45,000 communes the départements' numbers run out and
  go on with letters («A0001»), a form that no real file has and that the gates' patterns refuse;
- régions bear numbers that were never given (12 to 19, 33 to 39 …), except overseas, which the files' names presuppose;
- SIREN and SIRET begin by 29, with valid keys; telephones are of the range kept for fiction; mails end in `.exemple`.
"""

from pilotage.simulation.manifest import VERSION, Manifest, write_simulation

__all__ = ["VERSION", "Manifest", "write_simulation"]
