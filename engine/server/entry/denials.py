"""What is said to somebody who is not let in, or asked for what cannot be: a code and a sentence in two languages."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from engine.policy import Words


class Denial(NamedTuple):
    """Nothing was changed. `wait`: seconds after which trying again makes sense."""

    code: str
    words: Words
    wait: int = 0

    @property
    def status(self) -> int:
        """The same in a number of HTTP."""
        return STATUS.get(self.code, UNPROCESSABLE)


def denial(code: str, wait: int = 0, **names: object) -> Denial:
    """The denial of a code, with its sentence filled in."""
    readable = {name: str(value).encode(errors="replace").decode() for name, value in names.items()}
    return Denial(code, SENTENCES[code].format(wait=wait, **readable), wait)


UNPROCESSABLE: Final = 422
STATUS: Final = MappingProxyType(
    {
        "code_wrong": 401,
        "code_expired": 401,
        "sign_in_failed": 401,
        "session_ended": 401,
        "token_malformed": 401,
        "token_unknown": 401,
        "token_expired": 401,
        "token_revoked": 401,
        "password_wrong": 403,
        "form_stale": 403,
        "not_allowed": 403,
        "account_unknown": 404,
        "token_not_found": 404,
        "link_ended": 404,
        "accounts_exist": 409,
        "name_taken": 409,
        "last_administrator": 409,
        "sign_in_waits": 429,
        "too_many_requests": 429,
    }
)

SENTENCES: Final = MappingProxyType(
    {
        "code_wrong": Words(
            "this is not the code that was shown when the daemon started last; start it anew for another",
            "这不是守护进程最近一次启动时显示的代码；重新启动可得到新的代码",
        ),
        "code_expired": Words(
            "the code has expired; start the daemon anew for another",
            "代码已过期；重新启动守护进程可得到新的代码",
        ),
        "accounts_exist": Words(
            "there is an account already: an administrator makes the others",
            "已有账号：其他账号由管理员创建",
        ),
        "name_taken": Words("there is an account of the name “{name}”", "账号“{name}”已存在"),
        "name_invalid": Words(
            "a name has 1 to 64 letters, digits, and . _ @ - between them",
            "账号名为 1 至 64 个字母、汉字或数字，中间可用 . _ @ -",
        ),
        "account_unknown": Words("there is no account “{name}”", "没有账号“{name}”"),
        "person_invalid": Words(
            "the person is the name in the roster: 1 to 100 characters", "人员须为花名册中的姓名，1 至 100 个字符"
        ),
        "language_unknown": Words("the language is en or zh", "语言须为 en 或 zh"),
        "password_short": Words("a password has at least {least} characters", "密码至少 {least} 个字符"),
        "password_long": Words("a password has at most {most} characters", "密码至多 {most} 个字符"),
        "password_unreadable": Words("the password has characters that are no text", "密码含有无法识别的字符"),
        "password_is_name": Words("a password is not the name of the account", "密码不能与账号名相同"),
        "password_wrong": Words("the present password is another one", "当前密码不正确"),
        "last_administrator": Words(
            "“{name}” is the last administrator of the deployment: make another one first",
            "“{name}”是部署的最后一位管理员：请先设立另一位",
        ),
        "site_unknown": Words("there is no site “{site}”; there are: {known}", "没有项目“{site}”；现有：{known}"),
        "grant_unknown": Words(
            "at “{site}” nothing is called “{word}” that could be granted; there are: {known}",
            "在“{site}”没有可授予的“{word}”；现有：{known}",
        ),
        "grant_empty": Words(
            "nothing is granted at “{site}”: name its roles after the colon, or leave the site out",
            "在“{site}”没有授予任何内容：请在冒号后写角色，或去掉这个项目",
        ),
        "grant_everywhere": Words(
            "at “{site}” alone, {word} gives nothing: it is for the whole deployment, grant it at *",
            "{word} 只适用于整个部署，在“{site}”单独授予无效：请在 * 授予",
        ),
        "sign_in_failed": Words("the name or the password is wrong", "账号或密码不正确"),
        "sign_in_waits": Words(
            "too many sign-ins failed; try again in {wait} seconds", "登录失败次数过多；请在 {wait} 秒后再试"
        ),
        "session_ended": Words("the session has ended; sign in again", "会话已结束，请重新登录"),
        "form_stale": Words("the form is not of this session; load the page again", "表单不属于当前会话，请刷新页面"),
        "token_malformed": Words(
            "this is not a token: it looks like hy_, 8 characters, _ and 43 characters",
            "这不是令牌：令牌的形式为 hy_、8 个字符、_ 和 43 个字符",
        ),
        "token_unknown": Words("there is no such token", "没有这个令牌"),
        "token_not_found": Words("there is no token of this id", "没有这个编号的令牌"),
        "token_expired": Words("the token has expired", "令牌已过期"),
        "token_revoked": Words("the token was revoked", "令牌已被撤销"),
        "token_name_invalid": Words(
            "a token's name says what it is for, in 1 to 100 characters", "令牌名称须说明用途，1 至 100 个字符"
        ),
        "token_expiry": Words(
            "a token expires after it is made, and at most {days} days after", "令牌须有有效期，且最长 {days} 天"
        ),
        "scope_unknown": Words("there is no scope “{word}”; there are: {known}", "没有范围“{word}”；现有：{known}"),
        "scope_missing": Words("a token has at least one scope", "令牌至少要有一个范围"),
        "site_missing": Words("name at least one site, or * for all", "至少要指定一个项目，或用 * 表示全部"),
        "link_ended": Words(
            "this link is not, or no longer, valid; ask the desk for another", "链接无效或已过期，请向前台索取新的链接"
        ),
        "purpose_unknown": Words(
            "say for which purpose a personal value is shown; there are: {known}",
            "请说明查看个人信息的目的；可选：{known}",
        ),
        "too_many_requests": Words("too many requests; try again in {wait} seconds", "请求过多；请在 {wait} 秒后再试"),
        "not_allowed": Words("this is not allowed to you here", "您在此无权进行这项操作"),
    }
)
