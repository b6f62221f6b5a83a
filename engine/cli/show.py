"""`huiyin show`: the service promise of a policy in tables and drawings."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

import click

from engine.cli.common import date_option, language_option
from engine.cli.errors import CallError
from engine.cli.plans import load_plan

if TYPE_CHECKING:
    from datetime import date

    from engine.core import Plan
    from engine.policy import Drawing, Part, Section, Table


@click.command("show")
@click.argument("policy")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html", "mermaid"]), default="markdown", help="As what."
)
@click.option("--workflow", help="Draw this workflow only (mermaid).")
@click.option("--json", "as_json", is_flag=True, help="The tables for machines.")
@date_option
@language_option
def command(policy: str, form: str, workflow: str | None, as_json: bool, today: date | None, lang: str) -> None:
    """The service promise of POLICY, a file or a name: categories, limits, ladders, duties, targets, workflows.

    Markdown has the drawings as Mermaid. HTML is one file without scripts: open it, print it, mail it.
    """
    if workflow is not None and (as_json or form != "mermaid"):
        raise CallError(
            "--workflow draws one workflow: say --format mermaid with it",
            "--workflow 只画一个流程：请同时写 --format mermaid",
        )
    plan, _ = load_plan(policy, lang, today)
    if workflow is not None and workflow not in plan.workflows:
        raise CallError(
            f"there is no workflow {workflow}; there are: {', '.join(plan.workflows)}",
            f"没有流程 {workflow}；现有：{'、'.join(plan.workflows)}",
        )
    if as_json:
        click.echo(_json(plan, lang))
    elif form == "mermaid":
        click.echo("\n".join(mermaid_page(plan, workflow, lang)))
    elif form == "html":
        sys.stdout.write(html_page(plan, lang))
    else:
        click.echo("\n".join(markdown(plan, lang)))


def _json(plan: Plan, lang: str) -> str:
    import json

    from engine.policy import promise

    return json.dumps([_section_json(section) for section in promise(plan, lang)], ensure_ascii=False, indent=2)


def _section_json(section: Section) -> dict[str, object]:
    return {"title": section.title, "parts": [_part_json(part) for part in section.parts]}


def _part_json(part: Part) -> object:
    from engine.policy import Section, Table

    if isinstance(part, str):
        return part
    if isinstance(part, Section):
        return _section_json(part)
    if isinstance(part, Table):
        return [dict(zip(part.head, row, strict=True)) for row in part.rows]
    states = [{"id": id, "title": title, "owner": owner} for id, title, owner in part.states]
    edges = [{"from": edge.source, "to": edge.to, "moves": list(edge.labels)} for edge in part.edges]
    return {"workflow": part.id, "title": part.title, "initial": part.initial, "states": states, "moves": edges}


# ---- Markdown -------------------------------------------------------------------------------------------------------


def markdown(plan: Plan, lang: str) -> Iterator[str]:
    from engine.policy import headline, promise

    yield f"# {plan.title}"
    yield ""
    yield headline(plan, lang)
    for section in promise(plan, lang):
        yield from _markdown(section, 2, lang)


def _anywhere(drawing: Drawing, lang: str) -> str:
    return ("任何时候都可以：" if lang == "zh" else "At any time: ") + " / ".join(drawing.anywhere)


def _markdown(part: Part, level: int, lang: str) -> Iterator[str]:
    from engine.policy import Section, Table

    yield ""
    if isinstance(part, Section):
        yield f"{'#' * level} {part.title}"
        for inner in part.parts:
            yield from _markdown(inner, level + 1, lang)
    elif isinstance(part, Table):
        yield from _markdown_table(part)
    elif isinstance(part, str):
        yield part
    else:
        yield f"{'#' * level} {part.title} `{part.id}`"
        yield ""
        yield "```mermaid"
        yield from mermaid(part)
        yield "```"
        if part.anywhere:
            yield ""
            yield _anywhere(part, lang)


def _markdown_table(table: Table) -> Iterator[str]:
    yield _markdown_row(table.head)
    yield f"|{'---|' * len(table.head)}"
    yield from map(_markdown_row, table.rows)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.translate(_CELL) for cell in cells)} |"


#: A row is one line, and a bar ends a cell.
_CELL: Final = str.maketrans({"|": r"\|", "\n": " "})


# ---- Mermaid --------------------------------------------------------------------------------------------------------


def mermaid_page(plan: Plan, workflow: str | None, lang: str) -> Iterator[str]:
    """One workflow; or all of them in one drawing, each in a box of its own."""
    from engine.policy import drawings

    chosen = [drawing for drawing in drawings(plan, lang) if workflow in (None, drawing.id)]
    if len(chosen) == 1:
        yield from mermaid(chosen[0])
        return
    yield "stateDiagram-v2"
    for drawing in chosen:
        yield f'    state "{_label(drawing.title)}" as {drawing.id} {{'
        yield from (f"    {line}" for line in _mermaid_lines(drawing, f"{drawing.id}__"))
        yield "    }"


def mermaid(drawing: Drawing) -> Iterator[str]:
    yield "stateDiagram-v2"
    yield from _mermaid_lines(drawing, "")


def _mermaid_lines(drawing: Drawing, prefix: str) -> Iterator[str]:
    for id, title, owner in drawing.states:
        named = f"{title} · {owner}" if owner else title
        yield f'    state "{_label(named)}" as {prefix}{id}'
    yield f"    [*] --> {prefix}{drawing.initial}"
    for edge in drawing.edges:
        yield f"    {prefix}{edge.source} --> {prefix}{edge.to}: {_label(' / '.join(edge.labels))}"
    for id, *_ in drawing.states:
        if id in drawing.finals:
            yield f"    {prefix}{id} --> [*]"


SIGNS: Final = str.maketrans(':;"{}\n', "：；'() ", "#")


def _label(text: str) -> str:
    """Without the signs that Mermaid takes for its own."""
    return text.translate(SIGNS)


# ---- HTML -----------------------------------------------------------------------------------------------------------

STYLE: Final = """\
body{font:15px/1.5 system-ui,"Noto Sans SC",sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#222}
h1{border-bottom:3px solid #1c6b5a}h2{margin-top:2.5rem;border-bottom:1px solid #bbb}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}
th,td{border:1px solid #ccc;padding:.25rem .6rem;text-align:left;vertical-align:top}
th{background:#eef5f2}code{background:#f1f1ee;padding:0 .2rem;border-radius:3px}
.flow{display:flex;flex-wrap:wrap;gap:.8rem;margin:.5rem 0 1.5rem}
.state{border:1px solid #1c6b5a;border-radius:.6rem;padding:.5rem .8rem;min-width:13rem}
.state.final{border-style:dashed;color:#555}.state.first{border-width:3px}
.state b{display:block}.state small{color:#666}.state ul{margin:.3rem 0 0;padding-left:1.1rem}
@media print{h2{break-after:avoid}table,.state{break-inside:avoid}}
"""


def html_page(plan: Plan, lang: str) -> str:
    from engine.policy import headline, promise

    body = "\n".join(line for section in promise(plan, lang) for line in _html(section, 2, lang))
    title = html.escape(plan.title)
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head><meta charset="utf-8"><title>{title}</title>\n'
        f"<style>\n{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n<p>{html.escape(headline(plan, lang))}</p>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _html(part: Part, level: int, lang: str) -> Iterator[str]:
    from engine.policy import Section, Table

    if isinstance(part, Section):
        yield f"<h{level}>{_rich(part.title)}</h{level}>"
        for inner in part.parts:
            yield from _html(inner, level + 1, lang)
    elif isinstance(part, Table):
        yield "<table>"
        yield f"<tr>{''.join(f'<th>{_rich(cell)}</th>' for cell in part.head)}</tr>"
        for row in part.rows:
            yield f"<tr>{''.join(f'<td>{_rich(cell)}</td>' for cell in row)}</tr>"
        yield "</table>"
    elif isinstance(part, str):
        yield f"<p>{_rich(part)}</p>"
    else:
        yield f"<h{level}>{html.escape(part.title)} <code>{html.escape(part.id)}</code></h{level}>"
        yield from _html_flow(part)
        if part.anywhere:
            yield f"<p>{html.escape(_anywhere(part, lang))}</p>"


def _html_flow(drawing: Drawing) -> Iterator[str]:
    """A card for each state, with the moves that lead out of it."""
    titles = {id: title for id, title, _ in drawing.states}
    yield '<div class="flow">'
    for id, title, owner in drawing.states:
        marks = " final" * (id in drawing.finals) + " first" * (id == drawing.initial)
        yield f'<div class="state{marks}"><b>{html.escape(title)}</b><small>{html.escape(owner)}</small><ul>'
        for edge in drawing.edges:
            if edge.source == id:
                to = f" → {titles[edge.to]}" if edge.to != id else ""
                yield from (f"<li>{html.escape(label)}{html.escape(to)}</li>" for label in edge.labels)
        yield "</ul></div>"
    yield "</div>"


def _rich(text: str) -> str:
    """Text with `code` in it."""
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))
