"""`huiyin`: the verbs, each imported only when it is called, so that `--help` costs no more than click itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final

import click
from click.exceptions import NoArgsIsHelpError

from engine import __version__
from engine.cli.common import default_language
from engine.cli.errors import ChineseError, FailedError, asked_language

#: verb -> module that defines `command`, and the line that `huiyin --help` prints for it.
VERBS: Final[dict[str, tuple[str, str]]] = {
    "init": ("engine.cli.init", "Begin a site: a policy, a scenario, a README."),
    "check": ("engine.cli.check", "All mistakes of a policy, framed."),
    "test": ("engine.cli.test", "Play scenario files, strictly."),
    "simulate": ("engine.cli.simulate", "A scenario as a readable timeline."),
    "explain": ("engine.cli.explain", "Why this instant, this person, this value, this mistake."),
    "show": ("engine.cli.show", "The service promise in tables and drawings."),
    "backtest": ("engine.cli.backtest", "Last year's tickets under this plan."),
    "schema": ("engine.cli.schema", "JSON Schema for editors."),
    "serve": ("engine.cli.serve", "The daemon: sites day and night, with API and board."),
    "ticket": ("engine.cli.ticket", "Open, move, show and list tickets from a terminal."),
    "report": ("engine.cli.report", "The figures of a site, as known now or at an instant before."),
    "outbox": ("engine.cli.outbox", "Messages on their way to people: list, send again, give up."),
    "token": ("engine.cli.token", "Who else may speak to the API."),
    "people": ("engine.cli.people", "The lists of staff and customers."),
    "policy": ("engine.cli.policy", "The policies that sites ran by, and open tickets on their way to another."),
    "audit": ("engine.cli.audit", "Whether what is written is what was written."),
    "db": ("engine.cli.db", "The database file: migrate, backup, restore, verify."),
    "doctor": ("engine.cli.doctor", "What would go wrong with a daemon here, and the remedy."),
    "calendar": ("engine.cli.calendar", "Working time as a tool of its own: due, between, show."),
}


class Verbs(click.Group):
    """A group whose members are modules, loaded by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        command: click.Command = import_module(VERBS[name][0]).command
        return command

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> click.Context:
        lang = asked_language(args, default_language())
        with _in(lang):
            context = super().make_context(info_name, args, *rest, **extra)
        context.meta["lang"] = lang
        return context

    def invoke(self, ctx: click.Context) -> object:
        with _in(ctx.meta["lang"]):
            return self._invoke(ctx)

    def _invoke(self, ctx: click.Context) -> object:
        """What the world refuses (a file, a folder, a year beyond all calendars) is said in a line."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read has read enough: click ends without a word
        except OSError as error:
            raise click.ClickException(f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")) from error
        except ModuleNotFoundError as error:
            if (error.name or "engine").startswith("engine"):
                raise
            how = 'pip install "huiyin[serve]"'
            raise FailedError(f"{error.name} is not installed: {how}", f"未安装 {error.name}：{how}") from error
        except Exception as error:
            from engine.worktime import OutOfTable

            if isinstance(error, OutOfTable):
                raise FailedError(str(error), "某个时间超出日历所覆盖的年份") from error
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


@contextmanager
def _in(lang: str) -> Iterator[None]:
    """Errors are said in a language."""
    try:
        yield
    except (ChineseError, NoArgsIsHelpError):
        raise  # the one is said already, the other is a page of help
    except click.ClickException as error:
        if lang != "zh":
            raise
        raise ChineseError(error) from error


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="huiyin")
def main() -> None:
    """Huiyin 回音 runs a property company's service plan: check it, rehearse it, explain it."""
