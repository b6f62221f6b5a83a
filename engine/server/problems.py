"""What an API answers when it does not do what it was asked: problem details (RFC 9457), in the caller's language.

Nothing here repeats a value that somebody sent: it may be personal.
"""

from __future__ import annotations

import json
import logging
import secrets
import traceback
from collections.abc import Iterable, Mapping
from itertools import chain
from math import isfinite
from types import MappingProxyType
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.core import Plan, Refusal
from engine.core.plan import Workflow
from engine.policy import PARTIES, Words
from engine.runtime import FIELDS
from engine.server.entry.denials import Denial
from engine.store import ConflictError, HalfDoneError, StoreError
from engine.worktime import CalendarError, OutOfTable, format_seconds

log = logging.getLogger(__name__)
#: Bytes of a body that is JSON, and how deep it may be nested.
BODY_MAX: Final = 1 << 20
DEPTH_MAX: Final = 32
MEDIA_TYPE: Final = "application/problem+json"
LANGUAGES: Final = ("en", "zh")


class ProblemError(HTTPException):
    """A request that is answered with a problem. `more` are further members of it."""

    def __init__(self, status: int, code: str, words: Words, wait: int = 0, **more: Any) -> None:
        super().__init__(status, words.en)
        self.code = code
        self.words = words
        self.wait = wait
        self.more = more


class Defects:
    """How often something went wrong that must not: it is counted, and told to the log without any value."""

    def __init__(self) -> None:
        self.count = 0

    def note(self, request: Request, error: BaseException) -> None:
        self.count += 1
        frames = "".join(traceback.format_tb(error.__traceback__))
        log.error("request %s: %s\n%s", request_id(request), type(error).__name__, frames)


def answer(request: Request, error: Exception, defects: Defects) -> JSONResponse:
    """The problem that an error is to the one who asked."""
    problem = _problem(error)
    if problem.status_code == 503:
        log.warning("request %s: %s", request_id(request), error)
    if problem.code == "internal":
        defects.note(request, error)
    headers = dict(problem.headers or {})
    if problem.wait:
        headers["Retry-After"] = str(problem.wait)
    if problem.status_code == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {
        "type": f"urn:huiyin:problem:{problem.code}",
        "title": _TITLES.get(problem.status_code, _TITLES[400]).in_(language(request)),
        "status": problem.status_code,
        "code": problem.code,
        "detail": problem.words.in_(language(request)),
        "instance": f"urn:huiyin:request:{request_id(request)}",
        **problem.more,
    }
    return JSONResponse(body, problem.status_code, headers, MEDIA_TYPE)


def _problem(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case RequestValidationError():
            return _invalid(error.errors())
        case HTTPException(status_code=405):
            problem = ProblemError(405, "method", SENTENCES["method"])
            problem.headers = error.headers
            return problem
        case ClientDisconnect():  # nobody is there to read it
            return ProblemError(400, "unreadable", SENTENCES["unreadable"])
        case HTTPException():
            code = {404: "not_found", 413: "too_large"}.get(error.status_code, "unreadable")
            return ProblemError(error.status_code, code, SENTENCES[code])
        case ConflictError():
            return ProblemError(503, "busy", SENTENCES["busy"], 1)
        case HalfDoneError():
            return ProblemError(503, "half_done", SENTENCES["half_done"], 5)
        case StoreError():
            return ProblemError(503, "store", SENTENCES["store"], 5)
        case OutOfTable() | CalendarError():
            return ProblemError(422, "out_of_calendar", SENTENCES["out_of_calendar"])
    return ProblemError(500, "internal", SENTENCES["internal"])


def _invalid(errors: Iterable[Mapping[str, Any]]) -> ProblemError:
    """Which fields, and what each should be; never what it was."""
    found = [{"where": [str(part)[:100] for part in one["loc"]], "what": one["type"]} for one in errors]
    if {"where": ["body"], "what": "missing"} in found:
        return ProblemError(422, "invalid", SENTENCES["no_body"], errors=found)
    where = "; ".join(".".join(one["where"][1:] or one["where"]) + f": {one['what']}" for one in found[:10])
    return ProblemError(422, "invalid", SENTENCES["invalid"].format(where=where), errors=found)


def denied(denial: Denial) -> ProblemError:
    return ProblemError(denial.status, denial.code, denial.words, denial.wait)


def not_found(what: str) -> ProblemError:
    """`what` is a word of SENTENCES: no_ticket, no_site …"""
    return ProblemError(404, what, SENTENCES[what])


def no_category(plan: Plan, status: int = 404, code: str = "no_category", **more: Any) -> ProblemError:
    """A category that is asked for and is none: those that people open are named."""
    known = [one for one in plan.categories.values() if one.duty is None]
    named = Words(", ".join(one.id for one in known), "、".join(f"{one.title}（{one.id}）" for one in known))
    return ProblemError(status, code, SENTENCES["no_category"].format(known=named), **more)


def refused(refusal: Refusal, plan: Plan, workflow: Workflow | None = None) -> ProblemError:
    """The caller's mistake on a ticket: its code, what it is about, and the moves that he may make now."""
    about = refusal.detail.split(", ") if refusal.code == "missing" else [refusal.detail]
    names = [_name(plan, workflow, name) for name in about]
    what = Words(", ".join(name.en for name in names), "、".join(name.zh for name in names))
    if refusal.why is not None:
        what = Words("{what}: {why}", "{what}（{why}）").format(what=what, why=Words(*refusal.why))
    known = workflow.moves if workflow is not None else {}
    legal = [{"move": id, "title": known[id].title if id in known else id} for id in refusal.legal]
    more: dict[str, Any] = {"about": about[0], "legal": legal}
    if refusal.code == "missing":
        more["missing"] = about
    if refusal.code == "changed":
        more["version"] = int(refusal.detail)
    return ProblemError(409, refusal.code, sentence(refusal, plan, what), **more)


def sentence(refusal: Refusal, plan: Plan, what: Words) -> Words:
    """A refusal in words: what it is about, and how much the plan allows, or to whom."""
    words = REFUSALS.get(refusal.code, REFUSALS["other"]).format(what=what)
    if refusal.code == "late":
        allowed = Words(format_seconds(plan.late_reports, "en"), format_seconds(plan.late_reports, "zh"))
        return REFUSALS["how_late"].format(words=words, allowed=allowed)
    if refusal.whose:
        return REFUSALS["whose"].format(words=words, whose=_parties(plan, refusal.whose))
    return words


def _parties(plan: Plan, names: Iterable[str]) -> Words:
    """Roles as the plan titles them, and who else has a word."""
    titles = {id: Words(role.title, role.title) for id, role in plan.roles.items()}
    said = [titles.get(name) or PARTIES.get(name, Words(name, name)) for name in names]
    return Words(", ".join(one.en for one in said), "、".join(one.zh for one in said))


def _name(plan: Plan, workflow: Workflow | None, name: str) -> Words:
    title = ENVELOPE[name].zh if name in ENVELOPE else name
    if name in plan.facts:
        title = plan.facts[name].title
    elif workflow is not None and name in workflow.moves:
        title = workflow.moves[name].title
    elif workflow is not None and name in workflow.states:
        title = workflow.states[name].title
    return Words(name, title)


def language(request: Request) -> str:
    """That of the one who asks, once he is known; else of his browser; else English."""
    known = getattr(request.state, "language", None)
    if known is not None:
        return str(known)
    return asked_language(request) or "en"


def asked_language(request: Request) -> str | None:
    """The best of those that the caller reads and we write."""
    return next((one for one in spoken(request) if one in LANGUAGES), None)


def spoken(request: Request) -> list[str]:
    """The languages that a browser says are read there, without their countries, the best first."""
    parts = [part.partition(";") for part in request.headers.get("accept-language", "").split(",")]
    said = [(_weight(weight), name.strip()[:2].lower()) for name, _, weight in parts]
    return [name for weight, name in sorted(said, key=lambda one: -one[0]) if weight > 0]


def _weight(text: str) -> float:
    """`q=0.9`; 1 if nothing is said, 0 if nobody can tell what."""
    name, _, value = text.strip().partition("=")
    try:
        weight = float(value) if name.strip() == "q" else float(not name)
    except ValueError:
        return 0
    return weight if isfinite(weight) else 0


def request_id(request: Request) -> str:
    """The number of a request, in its answer and in the logs."""
    if not hasattr(request.state, "id"):
        request.state.id = secrets.token_hex(8)
    found: str = request.state.id
    return found


# ---- bodies ----------------------------------------------------------------------------------------------------------


class StrictRequest(Request):
    """A request whose body is bounded, and is JSON without anything that two readers might read differently."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            self._body = await read_bounded(self, BODY_MAX)
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = read_json(await self.body())
        return self._json


async def read_bounded(request: Request, most: int) -> bytes:
    """A body of at most so many bytes. Raises ProblemError."""
    declared = request.headers.get("content-length", "")
    too_large = ProblemError(413, "too_large", SENTENCES["too_large"], most=most)
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def read_json(body: bytes) -> Any:
    """JSON as RFC 8259 has it: UTF-8, every key once, finite numbers, not too deep. Raises ProblemError."""
    try:
        found = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
        json.dumps(found, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        raise ProblemError(400, "not_utf8", SENTENCES["not_utf8"]) from None
    except RecursionError:
        raise ProblemError(400, "too_deep", SENTENCES["too_deep"]) from None
    except json.JSONDecodeError as error:
        words = SENTENCES["malformed"].format(line=error.lineno, column=error.colno)
        raise ProblemError(400, "malformed", words, line=error.lineno, column=error.colno) from None
    except ValueError:
        raise ProblemError(400, "number", SENTENCES["number"]) from None
    if _deeper(found, DEPTH_MAX):
        raise ProblemError(400, "too_deep", SENTENCES["too_deep"])
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProblemError(400, "duplicate_key", SENTENCES["duplicate_key"])
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def _deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = list(
            chain.from_iterable(
                one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)
            )
        )
    return bool(level)


_TITLES: Final = MappingProxyType(
    {
        400: Words("The request cannot be read", "请求无法识别"),
        401: Words("Sign in first", "请先登录"),
        403: Words("Not allowed", "没有权限"),
        404: Words("Not found", "未找到"),
        405: Words("Not this method", "不支持的方法"),
        409: Words("Refused", "被拒绝"),
        410: Words("Gone", "已清除"),
        413: Words("Too large", "内容过大"),
        415: Words("Not this type", "类型不支持"),
        422: Words("Something in the request is wrong", "请求内容有误"),
        428: Words("Something is missing", "缺少条件"),
        429: Words("Too many requests", "请求过多"),
        500: Words("A mistake of ours", "系统错误"),
        503: Words("Not possible now", "暂时无法处理"),
        507: Words("No room left", "空间不足"),
    }
)
SENTENCES: Final = MappingProxyType(
    {
        "method": Words("this address does not take this method", "该地址不支持此方法"),
        "not_found": Words("there is nothing at this address", "该地址没有内容"),
        "no_site": Words("there is no such site", "没有这个项目"),
        "no_ticket": Words("there is no such ticket at this site", "本项目没有这个工单"),
        "no_category": Words("the plan has no such category; it has: {known}", "方案中没有这个类别；现有：{known}"),
        "no_source": Words(
            "no figure of the plan comes from there; from elsewhere come: {known}",
            "方案中没有来自该来源的指标；现有来源：{known}",
        ),
        "no_number": Words("a number or a share is wanted: 12, 4.5 or 96%", "应为数字或百分数，如 12、4.5 或 96%"),
        "no_deadline": Words(
            "the version has no deadline {name}; it has: {known}", "该版本没有时限 {name}；现有：{known}"
        ),
        "duty": Words("{what} is a duty: it opens by itself when it is time", "“{what}”是例行工作，到时自动开单"),
        "no_evidence": Words("there is no such file at this site", "本项目没有这个文件"),
        "no_role": Words("the plan has no such role, or the role hands nothing over", "方案中没有这个岗位，或不需交接"),
        "no_such_role": Words("the plan has no role {role}", "方案中没有岗位 {role}"),
        "no_person": Words(
            "somebody who is to go was never in the roster; nothing was changed",
            "要移除的人员不在花名册中，未做任何更改",
        ),
        "no_shift": Words("the role has other shifts: {known}", "岗位的班次为：{known}"),
        "ends_before": Words("it ends before it begins", "结束早于开始"),
        "no_body": Words(
            "nothing was sent with the request; send its fields as JSON", "请求没有内容，请以 JSON 提交各字段"
        ),
        "not_given_up": Words(
            "only what is dead, discarded or suppressed is sent again, so nothing was done; message {seq} is {state}",
            "只能重发已失败、已放弃或未发送的消息，因此未做任何处理；消息 {seq} 的状态为 {state}",
        ),
        "not_on_its_way": Words(
            "only what is pending or dead can be given up, so nothing was done; message {seq} is {state}",
            "只能放弃待发或已失败的消息，因此未做任何处理；消息 {seq} 的状态为 {state}",
        ),
        "no_message": Words("there is no such message at this site", "本项目没有这条消息"),
        "days": Words(
            "these are no days to publish, or an edition of that name is published already",
            "日期有误，或者同名的日历版本已经发布",
        ),
        "no_revision": Words("the site never ran by this policy", "本项目没有执行过这个版本的方案"),
        "no_policy": Words("no file of settings names a policy of this site", "设置中没有本项目的方案文件"),
        "other_file": Words(
            "the site's file where the daemon runs is another than yours; put yours there first",
            "守护进程所在机器上的本项目方案文件与您的不同；请先把您的文件放到那里",
        ),
        "list": Words("the list has mistakes; nothing of it was taken", "名单有误，没有导入"),
        "customers": Words("your role does not see the data of customers", "您的角色不能查看客户信息"),
        "policy": Words("the policy has mistakes; what ran goes on running", "方案有误，原方案继续运行"),
        "unreadable": Words("the request cannot be read", "请求无法识别"),
        "too_large": Words("the body is too large", "请求体过大"),
        "too_deep": Words(f"JSON may be nested {DEPTH_MAX} levels deep", f"JSON 至多嵌套 {DEPTH_MAX} 层"),
        "not_utf8": Words("the body is not UTF-8, or has half a character", "请求体不是 UTF-8，或含有残缺字符"),
        "malformed": Words(
            "the body is not JSON: line {line}, column {column}", "请求体不是 JSON：第 {line} 行第 {column} 列"
        ),
        "number": Words("NaN, Infinity and numbers without end are no JSON", "NaN、Infinity 及过大的数字不是 JSON"),
        "duplicate_key": Words("a key stands twice in one object", "同一对象中有重复的键"),
        "invalid": Words("wrong: {where}", "有误：{where}"),
        "busy": Words("somebody else changed it meanwhile; try again", "同时有人修改，请重试"),
        "store": Words(
            "the store cannot be read or written; nothing was done. The log of the daemon has the cause",
            "暂时无法读写数据，未做任何更改；原因见守护进程日志",
        ),
        "half_done": Words(
            "the store refused half-way: what was done until then stays, and asking again does the rest. The log of "
            "the daemon has the cause",
            "只完成了一部分：已完成的保留，再次提交即可完成其余部分；原因见守护进程日志",
        ),
        "out_of_calendar": Words(
            "an instant lies outside the years that calendars know", "某个时间超出日历所覆盖的年份"
        ),
        "internal": Words(
            "this should not happen; the log of the daemon has the cause under the number of the request",
            "不应发生的错误；守护进程日志中可按请求编号查到原因",
        ),
        "sign_in": Words("show a token: Authorization: Bearer hy_…", "请提供令牌：Authorization: Bearer hy_…"),
        "foreign": Words("a session is taken from its own site only", "会话只接受来自本站的请求"),
        "key": Words(
            "Idempotency-Key has 1 to 200 printable characters of ASCII",
            "Idempotency-Key 为 1 至 200 个可见 ASCII 字符",
        ),
        "key_unsupported": Words(
            "this call is no command to a ticket and takes no Idempotency-Key; repeat it without one",
            "该操作不是工单指令，不支持 Idempotency-Key；请去掉后重试",
        ),
        "instant": Words(
            "this is no instant: write 2026-10-08T18:00:00+08:00", "时间有误：请写 2026-10-08T18:00:00+08:00"
        ),
        "not_yet": Words("that instant has not come yet", "该时间尚未到来"),
        "before_all": Words("the site did not run yet at that instant", "当时本项目尚未运行"),
        "page": Words("`after` takes what a page before had as `next`", "after 须填前一页返回的 next"),
        "file_type": Words(
            "only JPEG, PNG, WebP, PDF, MP4 and M4A files are kept", "只接受 JPEG、PNG、WebP、PDF、MP4、M4A 文件"
        ),
        "file_empty": Words("the file is empty", "文件为空"),
        "erased": Words(
            "the file was erased together with the person to whom it belonged", "该文件已随当事人的个人信息一并清除"
        ),
        "quota": Words(
            "nothing was kept: the files of this site take all of its {quota} GB. Whoever runs the daemon gives it "
            "more by `evidence_gb` in the settings",
            "文件未保存：本项目的文件已占满 {quota} GB。请运维人员在设置中调大 evidence_gb",
        ),
    }
)
#: What commands bring beside facts.
ENVELOPE: Final = MappingProxyType(
    {
        **FIELDS,
        "occurred_at": Words("When it happened", "实际发生时间"),
        "purpose": Words("Purpose", "查看目的"),
        "facts": Words("Facts", "登记内容"),
    }
)
REFUSALS: Final = MappingProxyType(
    {
        "by": Words("{what} may not do this here", "{what} 无权进行此操作"),
        "whose": Words("{words}; who may: {whose}", "{words}，可由{whose}进行"),
        "how_late": Words("{words}; the plan allows {allowed}", "{words}；方案允许 {allowed}"),
        "missing": Words("not given: {what}", "缺少：{what}"),
        "unknown": Words("there is no {what}, or it is not asked for", "没有或不需要：{what}"),
        "value": Words("this value cannot be: {what}", "取值有误：{what}"),
        "when": Words(
            "the plan allows {what} only under a condition that does not hold", "条件不满足，不能进行：{what}"
        ),
        "after": Words("{what} has to be done first", "须先完成：{what}"),
        "before": Words("it is too late: the instant of {what} is over", "已过时限：{what}"),
        "other_than": Words("who did {what} may not do this, too", "不能与办理“{what}”的为同一人"),
        "unqualified": Words("{what} has not passed what the role requires", "{what} 尚未通过岗位要求的培训"),
        "closed": Words("the ticket is closed: {what}", "工单已结束：{what}"),
        "younger": Words("a ticket is merged into an older one; {what} is younger", "只能并入较早的工单；{what} 较晚"),
        "merged": Words("the ticket was merged into {what}", "工单已并入 {what}"),
        "state": Words("the move does not lead on from {what}", "当前状态不能进行：{what}"),
        "decision": Words("a decision is not reported late: {what}", "决定不能补报：{what}"),
        "before_opening": Words("it lies before the ticket was opened: {what}", "时间早于开单：{what}"),
        "late": Words("it is too late to report this: {what}", "已超过补报期限：{what}"),
        "future": Words("it lies in the future: {what}", "时间在将来：{what}"),
        "exists": Words("there is a ticket {what} already", "工单 {what} 已存在"),
        "key_reused": Words(
            "this Idempotency-Key came with another request before", "该 Idempotency-Key 已用于其他请求"
        ),
        "changed": Words(
            "somebody changed the ticket meanwhile; it is at version {what}", "工单已被他人更新，当前版本 {what}"
        ),
        "last_clock": Words(
            "{what} is the last limit of an open ticket: something has to run",
            "“{what}”是在办工单的最后一个时限，不能取消",
        ),
        "verdict": Words("a run that is {what} is not corrected like this", "状态为 {what} 的时限不能这样更正"),
        "exhausted": Words("the ladder of {what} has no rung left", "“{what}”已升级到顶"),
        "other": Words("refused: {what}", "被拒绝：{what}"),
    }
)
