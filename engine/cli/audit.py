"""`huiyin audit`: whether what is written is what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.files import NAME, data_option, parts_on, said

if TYPE_CHECKING:
    from engine.store import Damage

TEXTS: Final = {
    "whole": ("every history, stream and seal is as it was written", "所有历史、事件流和封印都与写入时一致"),
    "damaged": ("{count} places are not as they were written", "有 {count} 处与写入时不一致"),
    "index": ("site {site}, family {family}: its indexes are not what its history says: {what}",
              "项目 {site}，工单 {family}：索引与历史不一致：{what}"),
}  # fmt: skip


@click.group("audit")
def command() -> None:
    """Proofs about a database."""


@command.command("verify")
@click.option(
    "--strict", is_flag=True, help="Also derive every index again; not while a daemon runs, whose auditor does."
)
@data_option
def verify_command(strict: bool, data: Path, as_json: bool, lang: str) -> None:
    """Verify every chain of events and every seal, also while a daemon runs. Exit 1 with each thing that is wrong."""
    from engine.store import verify_file

    with said():
        damages = verify_file(data / NAME)
    drifts = list(_drifts(data, lang)) if strict and not damages else []
    tell(damages, drifts, as_json, lang)


def tell(damages: list[Damage], drifts: list[dict[str, Any]], as_json: bool, lang: str) -> None:
    """Print what was found, and exit: 1 if anything was."""
    if as_json:
        click.echo(json.dumps([one._asdict() for one in damages] + drifts, ensure_ascii=False, indent=2))
    else:
        for damage in damages:
            click.echo(damage.in_chinese() if lang == "zh" else str(damage))
        for drift in drifts:
            click.echo(TEXTS["index"][lang == "zh"].format(**drift))
        count = len(damages) + len(drifts)
        click.echo(TEXTS["damaged" if count else "whole"][lang == "zh"].format(count=count))
    raise SystemExit(1 if damages or drifts else 0)


def _drifts(data: Path, lang: str) -> Iterator[dict[str, Any]]:
    """Families whose indexes are not what plan and history say, or that cannot be looked at; nothing is repaired."""
    from engine.runtime import index_of
    from engine.store import StoreError, disagreements, wrong_spans

    with parts_on(data, lang) as daemon:
        for site, key, index in disagreements(daemon.database):
            yield {"site": site, "family": key, "what": index}
        for site in daemon.database.sites():
            service = daemon.engine.service(site)  # raises StoreError where it cannot be opened: nothing is passed over
            assert service is not None
            for noted in wrong_spans(daemon.database, site):
                yield {"site": site, "family": noted, "what": "span"}
            for family in service.store.roots():
                try:
                    wrong = index_of(service.site, service.store, family).wrong
                    what = ", ".join(f"{name} {', '.join(found)}" for name, found in wrong.items())
                except StoreError as error:
                    what = error.zh if lang == "zh" else str(error)
                except Exception as error:  # a mistake of ours about one keeps no other
                    what = type(error).__name__
                if what:
                    yield {"site": site, "family": family, "what": what}
