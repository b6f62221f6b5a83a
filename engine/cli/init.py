"""`huiyin init`: a site to begin with: its policy, its first scenario, a page that says how to go on."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Final

import click

from engine.cli.common import language_option
from engine.cli.errors import CallError, FailedError

NAME: Final = re.compile(r"(?!(?i:null)$)[^\W\d_][\w-]*")


@click.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--title", help="What people call the place; the folder's name if left out.")
@language_option
def command(folder: Path, title: str | None, lang: str) -> None:
    """Begin a site in DIR: a policy of a few lines, a scenario, a README. They check clean and pass.

    The policy is named after the folder. Files that are there already are never written over.
    """
    name = folder.resolve().name
    if not NAME.fullmatch(name):
        raise CallError(
            f"“{name}” cannot name a policy: use letters, digits, _ and -, a letter first",
            f"“{name}”不能作为方案名：请用字母、数字、_ 和 -，以字母开头",
        )
    if _is_shipped(name):
        raise CallError(
            f"“{name}” is the name of a policy that is shipped: call the folder something else",
            f"“{name}”是随附方案的名称：请换一个文件夹名",
        )
    files = {
        f"{name}.yaml": POLICY[lang],
        f"scenarios/{name}-first.yaml": SCENARIO[lang],
        "README.md": README[lang],
    }
    standing = [file for file in files if (folder / file).exists()]
    if standing:
        raise FailedError(
            f"{folder / standing[0]} is there already; nothing was written",
            f"{folder / standing[0]} 已存在，没有写入任何文件",
        )
    called = title or name
    words = {"NAME": name, "DIR": _word(folder), "TITLE": called, "QUOTED": json.dumps(called, ensure_ascii=False)}

    def filled(text: str) -> str:
        return re.sub("|".join(words), lambda found: words[found[0]], text)

    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(filled(text), encoding="utf-8")
        click.echo(f"{path}")
    click.echo(filled(NEXT[lang]), nl=False)


def _is_shipped(name: str) -> bool:
    """A site of such a name would be found before the shipped one, also where a policy that it extends asks for it."""
    from engine.policy import shipped_policies

    return (shipped_policies() / f"{name}.yaml").exists()


def _word(folder: Path) -> str:
    """A folder as a shell reads it."""
    text = str(folder)
    return text if re.fullmatch(r"[\w@%+=:,./-]+", text) else shlex.quote(text)


NEXT: Final = {
    "en": """\

Next:
  huiyin check DIR
  huiyin test DIR
  huiyin show DIR/NAME.yaml
""",
    "zh": """\

接下来：
  huiyin check DIR
  huiyin test DIR
  huiyin show DIR/NAME.yaml
""",
}

#: At most 15 lines: a site says only what is different here.
POLICY: Final = {
    "en": """\
# The site's own file: only what is different here. All the rest comes from the plan it extends.
policy: NAME                        # as the file is named
title: QUOTED
extends: residential                # see it whole: huiyin show FILE
numbers: {households: 1000}         # one agent per 500 households
calendars:
  office:
    hours: {sat: "09:00-12:00"}     # the office is open on Saturday mornings, too
    exceptions: {2026-12-31: "09:00-15:00"}
deadlines:
  arrive: {limit: {urgent: {is: 45 minutes}}}     # the plan says 1 hour; who said what: huiyin explain value
escalations:
  urgent: {higher: {at: 15 minutes after due}}    # one rung of one ladder, by its name
messaging: {quiet: {hours: 22:00-07:00}}          # holds back messages at night, never a clock
""",
    "zh": """\
# 本项目自己的文件：只写与上级方案不同的地方，其余全部来自所继承的方案。
policy: NAME                        # 与文件名相同
title: QUOTED
extends: residential                # 查看完整方案：huiyin show FILE
numbers: {households: 1000}         # 每 500 户一名客服专员
calendars:
  office:
    hours: {sat: "09:00-12:00"}     # 周六上午也上班
    exceptions: {2026-12-31: "09:00-15:00"}
deadlines:
  arrive: {limit: {urgent: {is: 45 minutes}}}     # 上级方案是 1 小时；谁写了什么：huiyin explain value
escalations:
  urgent: {higher: {at: 15 minutes after due}}    # 只改一个升级阶梯中的一级，按名称指明
messaging: {quiet: {hours: 22:00-07:00}}          # 夜间暂缓发送消息，时限照常计算
""",
}

SCENARIO: Final = {
    "en": """\
# A scenario is one story of a ticket, on a virtual clock. Strict: whatever happens must be listed under `then`.
# Change a limit in NAME.yaml, run `huiyin test`, and see where the story changes. `--update` writes what happened.
scenario: "A burst pipe on the evening before the holidays: the technician comes too late"
policy: NAME
people: {Li: front_desk, Zhang: technician, Chen: agent}     # who acts, and in which role
clocks: [intake, arrive, resolve, follow_up]                 # the deadlines that this story is about

steps:
  - at: 2026-09-30 19:40
    by: Li
    do: open                                                 # a new ticket
    with: {category: repair, name: Wang, unit: 3-2-1101, phone: 13800000001, matter: burst pipe, fault: leak}
    then: {state: received, due: {intake: 19:50}}            # 10 minutes to take it in
  - at: 19:46                                                # a time alone: on the day of the step before
    by: Li
    do: dispatch                                             # a move of the workflow
    with: {assignee: Zhang}
    then: {state: handling, met: [intake], due: {arrive: 20:31, resolve: 10-01 19:46}, told: [reporter]}
  - at: 20:40                                                # no `do`: time passes, timers go off
    then: {rung: {arrive.soon: 20:22, arrive.due: 20:31}, breach: {arrive: 20:31}}
  - at: 20:44
    by: Zhang
    do: arrive
    then: {late: {arrive: 13 minutes}}                       # before the next rung, which stands at 20:46
  - at: 22:00
    by: Zhang
    do: resolve
    with: {outcome: solved, result: pipe replaced}
    then: {state: resolved, met: [resolve], due: {follow_up: 10-01 22:00}, told: [reporter]}
  - at: 2026-10-01 10:00
    by: Chen
    do: satisfied
    with: {followup_by: phone, score: 95}
    then: {state: closed, met: [follow_up]}

finally:
  running: []                                                # no clock is left running
  history: {arrive: [late], resolve: [met]}
""",
    "zh": """\
# 一个场景讲一张工单的经过，用虚拟时钟推演。严格核对：发生的每件事都必须写在 `then` 里。
# 改一改 NAME.yaml 里的时限，再执行 `huiyin test`，看看经过在哪里变了。`--update` 会把实际结果写进文件。
scenario: "国庆前夜水管爆裂：维修人员到场迟了"
policy: NAME
people: {小李: front_desk, 老张: technician, 小陈: agent}      # 谁在行动，担任什么角色
clocks: [intake, arrive, resolve, follow_up]                 # 这个场景关心的时限

steps:
  - at: 2026-09-30 19:40
    by: 小李
    do: open                                                 # 新工单
    with: {category: repair, name: 王女士, unit: 3-2-1101, phone: 13800000001, matter: 厨房水管爆裂, fault: leak}
    then: {state: received, due: {intake: 19:50}}            # 10 分钟内受理
  - at: 19:46                                                # 只写时间：与上一步同一天
    by: 小李
    do: dispatch                                             # 流程中的一个动作
    with: {assignee: 老张}
    then: {state: handling, met: [intake], due: {arrive: 20:31, resolve: 10-01 19:46}, told: [reporter]}
  - at: 20:40                                                # 没有 `do`：只是时间过去，到点的定时生效
    then: {rung: {arrive.soon: 20:22, arrive.due: 20:31}, breach: {arrive: 20:31}}
  - at: 20:44
    by: 老张
    do: arrive
    then: {late: {arrive: 13 minutes}}                       # 下一级升级在 20:46，还没到
  - at: 22:00
    by: 老张
    do: resolve
    with: {outcome: solved, result: 更换水管}
    then: {state: resolved, met: [resolve], due: {follow_up: 10-01 22:00}, told: [reporter]}
  - at: 2026-10-01 10:00
    by: 小陈
    do: satisfied
    with: {followup_by: phone, score: 95}
    then: {state: closed, met: [follow_up]}

finally:
  running: []                                                # 没有仍在计时的时限
  history: {arrive: [late], resolve: [met]}
""",
}

README: Final = {
    "en": """\
# TITLE

`NAME.yaml` is this site's service policy: what differs from the plan it extends. `scenarios/` holds stories that must
come out as they are written.

    # every mistake, each with its place and a remedy
    huiyin check DIR
    # plays the scenarios
    huiyin test DIR
    # the whole promise in tables and drawings
    huiyin show DIR/NAME.yaml
    # who said so, and why then
    huiyin explain value deadlines.arrive.limit.urgent.is --policy DIR/NAME.yaml
    huiyin explain due arrive --scenario DIR/scenarios/NAME-first.yaml --at "2026-09-30 20:00"

A policy states roles, never people: who is on duty when, telephone numbers and group addresses belong to the
deployment.
""",
    "zh": """\
# TITLE

`NAME.yaml` 是本项目的服务方案，只写与所继承方案不同的内容。`scenarios/` 里的场景必须与所写的经过一致。

    # 列出全部错误，指明位置和改法
    huiyin check DIR
    # 推演场景
    huiyin test DIR
    # 以表格和图查看完整的服务承诺
    huiyin show DIR/NAME.yaml
    # 谁写的，为什么是那时
    huiyin explain value deadlines.arrive.limit.urgent.is --policy DIR/NAME.yaml
    huiyin explain due arrive --scenario DIR/scenarios/NAME-first.yaml --at "2026-09-30 20:00"

方案里只写角色，不写人员：谁在什么时候值班、电话、群地址都属于部署配置。
""",
}
