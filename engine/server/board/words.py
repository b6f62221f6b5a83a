"""Every word of the board, in one place and both languages. Parts of a policy keep the names that their author gave."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from engine.policy import Words
from engine.worktime import Lang

__all__ = ["LANGUAGES", "WEEKDAYS", "WORDS", "Lang", "Words"]

LANGUAGES: Final[tuple[Lang, ...]] = ("zh", "en")

WEEKDAYS: Final = (
    Words("Mon", "周一"),
    Words("Tue", "周二"),
    Words("Wed", "周三"),
    Words("Thu", "周四"),
    Words("Fri", "周五"),
    Words("Sat", "周六"),
    Words("Sun", "周日"),
)

WORDS: Final = MappingProxyType(
    {
        # ---- everywhere ----
        "brand": Words("Huiyin", "回音"),
        "motto": Words("Every matter gets its answer.", "件件有着落，事事有回音。"),
        "skip": Words("Skip to the content", "跳到正文"),
        "menu": Words("Pages", "页面"),
        "other_language": Words("中文", "English"),
        "sign_out": Words("Sign out", "退出"),
        "sites": Words("Sites", "项目"),
        "site": Words("Site", "项目"),
        "no_site": Words("There is no site “{site}” that you may look at.", "没有您可查看的项目“{site}”。"),
        "back": Words("Back", "返回"),
        "to_board": Words("Back to the board", "返回看板"),
        "trouble": Words("That did not work", "没有成功"),
        "nav_board": Words("Board", "看板"),
        "nav_intake": Words("New ticket", "登记"),
        "nav_duties": Words("Duties", "例行"),
        "nav_figures": Words("Figures", "指标"),
        "nav_policy": Words("Policy", "方案"),
        "nav_wall": Words("Wall", "大屏"),
        "optional": Words("optional", "可不填"),
        "choose": Words("choose…", "请选择…"),
        "yes": Words("Yes", "是"),
        "no": Words("No", "否"),
        "and_more": Words("and {n} more", "另有 {n} 项"),
        "list_comma": Words(", ", "、"),
        # ---- lengths of time ----
        "left": Words("{length} left", "还剩 {length}"),
        "over": Words("{length} over", "已超 {length}"),
        "length_days": Words("{a} d {b} h", "{a} 天 {b} 小时"),
        "length_hours": Words("{a} h {b} min", "{a} 小时 {b} 分"),
        "length_minutes": Words("{a} min {b} s", "{a} 分 {b} 秒"),
        # ---- signing in ----
        "sign_in": Words("Sign in", "登录"),
        "name": Words("Name", "账号"),
        "password": Words("Password", "密码"),
        "person": Words("Your name in the roster", "花名册中的姓名"),
        "first_title": Words("The first administrator", "首位管理员"),
        "first_help": Words(
            "This daemon has no account yet. Its console shows a code, good for one day.",
            "系统还没有账号。请输入启动时控制台显示的一次性代码（一天内有效）。",
        ),
        "first_code": Words("Code from the console", "控制台代码"),
        "password_help": Words("At least 12 characters.", "至少 12 个字符。"),
        "make_account": Words("Make the account", "创建账号"),
        "choose_site": Words("Which site?", "选择项目"),
        "nothing_granted": Words(
            "Your account has no site yet. An administrator can grant one.",
            "您的账号还没有任何项目，请联系管理员授权。",
        ),
        # ---- the list ----
        "open_tickets": Words("Open tickets", "在办工单"),
        "count_open": Words("Open", "在办"),
        "count_mine": Words("For me", "待我处理"),
        "count_overdue": Words("Overdue", "已超期"),
        "count_soon": Words("Due within the hour", "一小时内到期"),
        "count_escalated": Words("Escalated", "已升级"),
        "count_silent": Words("Nobody told any more", "无人再获告知"),
        "count_nobody": Words("Nobody on duty", "无人在岗"),
        "count_closed": Words("Closed", "已结束"),
        "filter": Words("Filter", "筛选"),
        "search": Words("Search", "查找"),
        "search_help": Words("Number, unit or phone", "工单号、房号或电话"),
        "category": Words("Category", "类别"),
        "state": Words("State", "状态"),
        "all": Words("All", "全部"),
        "apply": Words("Show", "显示"),
        "clear": Words("Clear", "清除"),
        "nothing_open": Words("Nothing is open. All quiet.", "没有在办工单，一切安好。"),
        "nothing_found": Words("Nothing fits.", "没有符合的工单。"),
        "next_page": Words("More tickets", "更多工单"),
        "first_page": Words("To the first ones", "回到开头"),
        "live": Words("Live", "实时"),
        "live_off": Words("Not live; trying again", "连接中断，正在重连"),
        "changed": Words("Updated: {ticket}", "已更新：{ticket}"),
        "mark_silent": Words("Nobody told any more", "无人再获告知"),
        "mark_breached": Words("Overdue", "已超期"),
        "mark_warned": Words("Due soon", "即将到期"),
        "mark_paused": Words("Paused", "暂停计时"),
        "mark_running": Words("On time", "计时中"),
        "mark_closed": Words("Closed", "已结束"),
        "escalated": Words("Escalated, level {level}", "已升级 {level} 级"),
        "nobody": Words("Nobody on duty", "无人在岗"),
        "owner": Words("To act", "责任人"),
        "due": Words("Due", "到期"),
        "no_due": Words("no limit runs", "无计时"),
        "times_overdue": Words("{n} limits overdue", "{n} 项超期"),
        # ---- beside the list ----
        "on_duty": Words("On duty now", "当前在岗"),
        "nobody_here": Words("nobody", "无人"),
        "no_roster": Words("No roster yet.", "尚未导入花名册。"),
        "stands_in": Words("{role} stands in", "由{role}代理"),
    }
)
