"""YAML from hands and from outside: no bomb of aliases, no key twice, no depth without end."""

from __future__ import annotations

from typing import Any

import yaml

PROFONDEUR_MAX = 40
NOEUDS_MAX = 100_000  # values of a document, its aliases (*nom) written out
TAILLE_MAX = 2_000_000  # characters: the largest card has fewer than a hundred thousand


class _Lecteur(yaml.SafeLoader):
    """PyYAML's safe loader, stricter: left alone, it keeps the last of two equal keys."""

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > PROFONDEUR_MAX:
            raise _marked("trop de niveaux imbriqués", self.peek_event())
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """A tag on a value of another form (`!!timestamp x`) fails in as many ways as there are tags: one is told."""
        try:
            return super().construct_object(node, deep)
        except yaml.YAMLError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, IndexError) as error:
            raise _marked(f"valeur impossible ({error})", node) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else None
            if name in seen:
                raise _marked(f"clé « {key.value} » donnée deux fois", key)
            if name:
                seen.add(name)
        return super().construct_mapping(node, deep)


def _marked(problem: str, node: yaml.Node | yaml.Event) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Values under a node, aliases written out: nine lines of aliases of aliases make a billion."""
    if id(node) in known:
        if not known[id(node)]:
            raise _marked("valeur qui se contient elle-même", node)
        return known[id(node)]
    known[id(node)] = 0
    children = node.value if isinstance(node, yaml.CollectionNode) else []
    if isinstance(node, yaml.MappingNode):
        children = [part for pair in node.value for part in pair]
    size = 1 + sum(_count(child, known) for child in children)
    if size > NOEUDS_MAX:
        raise _marked(f"plus de {NOEUDS_MAX} valeurs une fois les alias suivis", node)
    known[id(node)] = size
    return size


def load_yaml(text: str) -> tuple[yaml.Node | None, Any]:
    """The node (for its marks) and the content of one document.

    Raises:
        yaml.YAMLError: not YAML, or YAML that nobody needs; `problem_mark` says where when it is known.
    """
    if len(text) > TAILLE_MAX:
        raise yaml.YAMLError(f"plus de {TAILLE_MAX} caractères")
    reader = _Lecteur(text)
    try:
        node = reader.get_single_node()
        if node is None:
            return None, None
        _count(node, {})
        return node, reader.construct_document(node)
    except RecursionError as error:
        raise yaml.YAMLError("trop de niveaux imbriqués") from error
    finally:
        reader.dispose()
