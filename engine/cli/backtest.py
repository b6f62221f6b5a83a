"""`huiyin backtest`: last year's tickets under this plan, beside the due dates they had."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from engine.cli.common import date_option, language_option
from engine.cli.errors import CallError, FailedError
from engine.cli.plans import refuse

if TYPE_CHECKING:
    from engine.core import Plan
    from engine.sim import BacktestResult as Result
    from engine.sim import Dirty, Group

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TYPES_PER_KIND: Final = 3  # named beside each kind of difference


def _share(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """`95%` or `95`."""
    if value is None:
        return None
    try:
        share = float(value.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise CallError("write a share such as 95%", "请写百分比，例如 95%")
    return share


@click.command("backtest")
@click.argument("paths", metavar="POLICY... TICKETS", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--map", "map_path", required=True, type=_FILE, help="Which column is what.")
@click.option("--tolerance", default=60, show_default=True, type=click.IntRange(0), help="Seconds that count as equal.")
@click.option("--at-least", callback=_share, metavar="SHARE", help="Exit 1 if fewer dues are equal, such as 95%.")
@click.option("--dirty", default=20, show_default=True, type=click.IntRange(0), help="How many dirty rows to list.")
@click.option(
    "--dirty-to", type=click.Path(dir_okay=False, path_type=Path), help="All of them to this file, as JSON lines."
)
@click.option("--json", "as_json", is_flag=True, help="Results for machines.")
@date_option
@language_option
def command(
    paths: tuple[Path, ...],
    map_path: Path,
    tolerance: int,
    at_least: float | None,
    dirty: int,
    dirty_to: Path | None,
    as_json: bool,
    today: date | None,
    lang: str,
) -> None:
    """Open the tickets of a CSV file (.csv, .csv.gz) again, under a plan, and compare their dues with those of then.

    POLICY is one file, several (versions of one plan, each in force from its `effective` date), or their folder.
    """
    from engine.policy import load_mapping
    from engine.sim import Tickets, backtest

    *policies, tickets_path = _named(paths)
    plans = _plans(policies, today, lang)
    read = load_mapping(map_path, plans)
    if read.mapping is None:
        refuse(read.diagnostics, lang)
    tickets = Tickets(tickets_path, read.mapping.encoding)
    with _readable(tickets_path, read.mapping.encoding):
        if unknown := read.unknown_columns(tickets.columns()):
            refuse(unknown, lang)
        with _progress(tickets.size, shown=sys.stderr.isatty() and not as_json) as watch:
            result = backtest(read.mapping, plans, tickets.rows(watch), tolerance)
    if dirty_to is not None:
        lines = (json.dumps(_dirty_json(one), ensure_ascii=False) for one in result.dirty)
        dirty_to.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(_json(result, [plan.id for plan in plans]), ensure_ascii=False, indent=2))
    else:
        for line in _report(result, lang, dirty):
            click.echo(line)
    share = result.total().share
    sys.exit(1 if at_least is not None and (share is None or share < at_least) else 0)


def _named(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths, once they can be what they are named as."""
    if len(paths) < 2:
        raise CallError(
            "name a policy and a file of tickets: huiyin backtest POLICY... TICKETS --map MAPPING",
            "请写方案和工单文件：huiyin backtest POLICY... TICKETS --map MAPPING",
        )
    for path in paths:
        if not path.exists():
            raise CallError(f"there is no file {path}", f"没有文件 {path}")
    if paths[-1].is_dir():
        raise CallError(
            f"{paths[-1]} is a folder: the last name is the file of tickets",
            f"{paths[-1]} 是文件夹：最后一个名称应是工单文件",
        )
    return paths


def _plans(paths: Iterable[Path], today: date | None, lang: str) -> tuple[Plan, ...]:
    from engine.runtime import today as wall_today
    from engine.sim import SameDayError, load_versions

    try:
        plans, wrong = load_versions(_policy_files(paths), today or wall_today())
    except SameDayError as problem:
        raise CallError(str(problem), problem.zh) from None
    if not plans and not wrong:
        raise CallError(
            "no policy there that can be run: a policy file has a line `policy: …`",
            "那里没有可执行的方案：方案文件有一行 `policy: …`",
        )
    if not plans:
        refuse(wrong, lang)
    return plans


@contextmanager
def _readable(file: Path, encoding: str) -> Iterator[None]:
    """What keeps the tickets from being read is said in a line."""
    try:
        yield
    except UnicodeError:
        en, zh = (_WORDS[lang]["encoding"].format(encoding=encoding) for lang in ("en", "zh"))
        raise FailedError(f"{file}: {en}", f"{file}：{zh}") from None
    except (OSError, EOFError, csv.Error, LookupError) as fault:
        raise FailedError(f"{file}: {fault}", f"{file}：{fault}") from None


def _policy_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files as named; of folders those that say `policy:`, without layers."""
    for path in paths:
        if path.is_file():
            yield path
            continue
        for file in sorted({*path.glob("*.yaml"), *path.glob("*.yml")}):
            lines = file.read_bytes().splitlines()
            if any(line.startswith(b"policy:") for line in lines) and not any(
                line.startswith((b"scenario:", b"layer: true")) for line in lines
            ):
                yield file


@contextmanager
def _progress(size: int, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar over the bytes of the file, on a terminal only."""
    if not shown:
        yield lambda done: None
        return
    with click.progressbar(length=size, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)


# ---- what is printed ----


def _report(result: Result, lang: str, dirty: int) -> Iterator[str]:
    words = _WORDS["zh" if lang == "zh" else "en"]
    total = result.total()
    groups = result.in_order()
    silent = [group for group in groups if not group.compared and not group.ends]
    rows = [_cells(group) for group in groups if group not in silent]
    if silent:
        rows.append([words["silent"].format(n=len(silent)), str(sum(g.tickets for g in silent)), "", "", "", ""])
    total_cells = [words["total"], *_cells(total)[1:]]
    head = [words[key] for key in ("type", "tickets", "compared", "equal", "share", "kept")]
    yield from _table([head, *rows, total_cells])
    yield ""
    said = "within" if total.compared else "only dirty" if len(result.dirty) == result.rows else "no dues"
    yield words[said].format(
        tolerance=result.tolerance, equal=total.equal, compared=total.compared, share=_percent(total.share)
    )
    if total.extra:
        yield words["extra"].format(n=total.extra)
    if total.kinds:
        yield ""
        yield words["kinds"]
        yield from _table(
            [[f"  {n}", *_about(result, kind, lang)] for kind, n in total.kinds.most_common()], left=(1, 2)
        )
    if result.dirty:
        yield ""
        yield from _dirty(result, words, lang, dirty)


def _cells(group: Group) -> list[str]:
    compared = [str(group.compared), str(group.equal), _percent(group.share)] if group.compared else ["", "", ""]
    return [group.title, str(group.tickets), *compared, _percent(group.kept)]


def _about(result: Result, kind: str, lang: str) -> list[str]:
    """What a kind of difference is, and the types it is most often found in."""
    from engine.sim import KINDS

    groups = sorted((group for group in result.groups.values() if group.kinds[kind]), key=lambda g: -g.kinds[kind])
    named = [f"{group.title} {group.kinds[kind]}" for group in groups[:_TYPES_PER_KIND]]
    more = ["…"] if len(groups) > _TYPES_PER_KIND else []
    return [KINDS[kind].in_(lang), ("、" if lang == "zh" else ", ").join([*named, *more])]


def _dirty(result: Result, words: dict[str, str], lang: str, shown: int) -> Iterator[str]:
    """How many rows of each flaw, then the rows; those that say the same are one line, at the first of them."""
    from engine.sim import FLAWS

    yield words["dirty"].format(n=len(result.dirty))
    for flaw, n in Counter(one.flaw for one in result.dirty).most_common():
        yield f"  {n:>6}  {FLAWS[flaw].in_(lang)}"
    alike: dict[str, list[Dirty]] = {}
    for one in result.dirty:
        alike.setdefault(one.detail.in_(lang), []).append(one)
    listed = sorted(alike.items(), key=lambda pair: -len(pair[1]))
    for detail, rows in listed[:shown]:
        where = words["line"].format(line=rows[0].line, ticket=rows[0].ticket or "—")
        times = f" ×{len(rows)}" if len(rows) > 1 else ""
        yield f"  {where}{times}: {detail}"
    if left := sum(len(rows) for _, rows in listed[shown:]):
        yield "  " + words["more"].format(n=left)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{int(share * 10_000) / 100:.2f}%"


def _table(rows: list[list[str]], left: tuple[int, ...] = (0,)) -> Iterator[str]:
    """Columns aligned by display width; those not `left` to the right."""
    from wcwidth import wcswidth

    widths = [max(wcswidth(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = []
        for column, cell in enumerate(row):
            pad = " " * (widths[column] - wcswidth(cell))
            cells.append(cell + pad if column in left else pad + cell)
        yield "  ".join(cells).rstrip()


def _json(result: Result, versions: list[str]) -> dict[str, Any]:
    return {
        "versions": versions,
        "tolerance": result.tolerance,
        "rows": result.rows,
        **_group_json(result.total()),
        "types": [{"type": group.title, **_group_json(group)} for group in result.in_order()],
        "dirty": [_dirty_json(one) for one in result.dirty],
    }


def _dirty_json(one: Dirty) -> dict[str, Any]:
    return {**one._asdict(), "detail": one.detail._asdict()}


def _group_json(group: Group) -> dict[str, Any]:
    return {
        "tickets": group.tickets,
        "compared": group.compared,
        "equal": group.equal,
        "share": group.share,
        "extra": group.extra,
        "kinds": dict(group.kinds.most_common()),
        "ends": dict(sorted(group.ends.items())),
        "kept": group.kept,
    }


_WORDS: Final = {
    "en": {
        "type": "type",
        "tickets": "tickets",
        "compared": "compared",
        "equal": "equal",
        "share": "share",
        "kept": "done in time",
        "silent": "types without a due: {n}",
        "total": "all",
        "encoding": "this is not {encoding}: the mapping says how the file is written, for example `encoding: gbk`",
        "within": "{equal} of {compared} dues are equal within {tolerance} seconds: {share}.",
        "only dirty": "Nothing was compared: no row of the file can be used. Correct the mapping, or the rows below.",
        "no dues": "Nothing was compared: no ticket has a due both in the file and by the plan.",
        "extra": "Tickets with a due by the plan and none in the file: {n}.",
        "kinds": "The others, by kind:",
        "dirty": "Dirty rows: {n}",
        "more": "… and {n} more: --dirty-to FILE writes all of them",
        "line": "line {line}, {ticket}",
    },
    "zh": {
        "type": "类型",
        "tickets": "工单",
        "compared": "比较",
        "equal": "一致",
        "share": "比例",
        "kept": "按时办结",
        "silent": "没有时限的类型：{n} 种",
        "total": "合计",
        "encoding": "文件不是 {encoding} 编码：请在映射中写明编码，例如 `encoding: gbk`",
        "within": "{compared} 个到期时刻中，{equal} 个在 {tolerance} 秒内一致：{share}。",
        "only dirty": "没有可比较的内容：文件中每一行都有问题。请改正映射，或下列各行。",
        "no dues": "没有可比较的内容：没有哪件工单在文件中和按方案都有时限。",
        "extra": "{n} 件工单按方案有时限，而文件中没有。",
        "kinds": "其余的，按原因：",
        "dirty": "有问题的行：{n}",
        "more": "……另有 {n} 行：--dirty-to FILE 可全部写入文件",
        "line": "第 {line} 行，{ticket}",
    },
}
