"""Sentences in the two languages that Huiyin speaks."""

from __future__ import annotations

from typing import Any, Final, NamedTuple


class Words(NamedTuple):
    """The same sentence in English and in Chinese."""

    en: str
    zh: str

    def format(self, **names: Any) -> Words:
        """Both filled in; a name that is itself `Words` is used in the language of the sentence."""
        return Words(
            self.en.format(**{name: v.en if isinstance(v, Words) else v for name, v in names.items()}),
            self.zh.format(**{name: v.zh if isinstance(v, Words) else v for name, v in names.items()}),
        )

    def in_(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en


NOTHING: Final = Words("", "")
