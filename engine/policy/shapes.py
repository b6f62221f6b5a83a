"""What layers must know of the grammar: where a short form stands for a map, and what is a list."""

from __future__ import annotations

from typing import Final, TypeAlias

Path: TypeAlias = tuple[str | int, ...]

#: A bare text in these places is short for a map with one key, so that layers can meet in it.
SHORT_FORMS: Final[dict[tuple[str, ...], str]] = {
    ("facts", "*"): "title",
    ("facts", "*", "values", "*"): "title",
    ("messaging", "channels", "*"): "title",
    ("workflows", "*", "states", "*", "at_most"): "is",
}

#: Keys whose value is a list of names: `{add: […], remove: […]}` edits what is inherited.
LISTS: Final = frozenset(
    {
        "after",
        "at",
        "ask",
        "by",
        "compare",
        "count",
        "different",
        "figures",
        "from",
        "holds",
        "holidays",
        "load",
        "notify",
        "of",
        "on",
        "on_duty",
        "other_than",
        "pauses",
        "personal",
        "places",
        "record",
        "same",
        "see",
        "sites",
        "source",
        "to",
        "until",
        "via",
        "void",
        "also",
        "for",
        "shows",
        "never_by",
        "clocks",
    }
)

#: Sections whose entries have ids of the author's choosing.
SECTIONS: Final = (
    "calendars",
    "roles",
    "facts",
    "categories",
    "workflows",
    "deadlines",
    "escalations",
    "detections",
    "duties",
    "notices",
    "files",
    "figures",
    "reports",
)


def dotted(path: Path) -> str:
    """`deadlines.resolve.limit.major`: how a path is written for people."""
    return ".".join(str(part) for part in path)


def short_form(path: Path) -> str | None:
    """The key that a bare text at this path stands for."""
    return next((key for pattern, key in SHORT_FORMS.items() if _matches(pattern, path)), None)


def _matches(pattern: tuple[str, ...], path: Path) -> bool:
    return len(pattern) == len(path) and all(part in ("*", name) for part, name in zip(pattern, path, strict=True))
