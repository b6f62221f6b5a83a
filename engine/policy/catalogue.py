"""Every code of a diagnostic and its message. What is behind a code and how to mend it stands in pages/CODE.md."""

from __future__ import annotations

from typing import Final

from engine.policy.words import Words

#: Blocks: Y0 the text, E1 names, keys and values, E2 workflows, E3 limits and tables, E4 calendars, roles and duties,
#: E5 figures, E9 layers; W the same with less weight, I a remark. A code keeps its meaning for ever; words may improve.
TITLES: Final[dict[str, Words]] = {
    # ---- the text ----
    "Y000": Words("the file is not UTF-8 but {encoding}", "文件不是 UTF-8 编码，而是 {encoding}"),
    "Y001": Words("full-width “{sign}”: write “{ascii}”", "全角符号“{sign}”，应写成半角“{ascii}”"),
    "Y002": Words('full-width quote {sign}: write "…"', '全角引号 {sign}，应写成半角 "…"'),
    "Y003": Words(
        "invisible character {character}: write an ordinary space", "看不见的字符 {character}，应写成普通空格"
    ),
    "Y004": Words("a tab: write spaces", "制表符（Tab），应写成空格"),
    "Y005": Words("no space after the colon of “{word}”", "“{word}”的冒号后面没有空格"),
    "Y006": Words(
        "text with “: ” in it must stand in quotes (or is a comma missing before it?)",
        "含有“: ”的文字必须加引号（或者前面少了一个逗号？）",
    ),
    "Y007": Words("{problem}", "{problem}"),
    "Y008": Words("key “{key}” stands twice", "键“{key}”重复"),
    "Y009": Words(
        "{what} is not used here: in plans, layers and `like` do that and keep the places",
        "这里不使用{what}：方案中用分层和 `like` 即可做到，并且保留出处",
    ),
    "Y010": Words("the file is larger than {limit}", "文件超过了 {limit}"),
    "Y011": Words("control character {character}", "控制字符 {character}"),
    "Y012": Words(
        "“{text}” says nothing: write a value, or null to take something away",
        "“{text}”没有内容：请写一个值，要去掉继承的内容请写 null",
    ),
    "Y013": Words("the file is empty", "文件是空的"),
    "Y014": Words("a second document begins here: one plan is one file", "这里开始了第二个文档：一个文件只写一个方案"),
    "Y015": Words("a key must be a word", "键必须是一个词"),
    "W016": Words(
        "a comment begins here, and the text ends before it: a text with ` #` in it stands in quotes",
        "从这里开始是注释，前面的文字到此为止：含有“ #”的文字要加引号",
    ),
    # ---- names, keys, values ----
    "E101": Words("there is no {kind} “{name}”", "没有名为“{name}”的{kind}"),
    "E102": Words("unknown key “{key}” in {where}", "{where}中没有“{key}”这个键"),
    "E103": Words("{wanted} expected here", "这里应当是{wanted}"),
    "E104": Words("“{what}” lacks {keys}", "“{what}”缺少 {keys}"),
    "E105": Words("“{name}” is no id: only letters, digits and _", "“{name}”不能作为代号：只能用文字、数字和下划线"),
    "E106": Words("“{text}” is not one of: {words}", "“{text}”不在可用的值之中：{words}"),
    "E107": Words("“{text}” is not {wanted}", "“{text}”不是{wanted}"),
    "E108": Words("“{text}”: {reason}", "“{text}”：{reason}"),
    "E110": Words("“{name}” means something already and cannot be a name here", "“{name}”另有含义，不能在这里作为名称"),
    "E111": Words("“{name}” already names something else: take another name", "“{name}”已经是别的名称，请换一个"),
    "E112": Words(
        "“{move}” is a move of every workflow: only `by` and `when` can be said of it",
        "“{move}”是每个流程都有的动作，只能写 `by` 和 `when`",
    ),
    "E113": Words(
        "“{fact}” is free text: only `set` and `unset` can be asked of it",
        "“{fact}”是自由填写的，只能判断 `set` 或 `unset`",
    ),
    "E114": Words("“{fact}” is of type {type} and cannot have values", "“{fact}”的类型是 {type}，不能有可选值"),
    "E115": Words("“{moment}” is an instant, nothing that happens", "“{moment}”是一个时刻，不是发生的事情"),
    "W116": Words("{kind} “{name}” is used nowhere", "{kind}“{name}”没有在任何地方用到"),
    # ---- workflows ----
    "E201": Words("state “{state}” can never be reached", "状态“{state}”永远到不了"),
    "E202": Words("dead end: a ticket in “{state}” can never be closed", "死胡同：处于“{state}”的工单永远不能结束"),
    "E203": Words("state “{state}” has no owner", "状态“{state}”没有责任人"),
    "W204": Words(
        "no limit runs in “{state}” for {category}: a ticket may stay there for ever",
        "“{category}”处于“{state}”时没有任何时限在计时：工单可能永远停在这里",
    ),
    "E206": Words("“{state}” pauses clocks, and nothing limits how long", "“{state}”暂停计时，却没有规定最长多久"),
    "E207": Words("workflows are like each other in a circle: {circle}", "流程之间循环引用 like：{circle}"),
    "E208": Words(
        "the engine would make moves in a circle for ever: {circle}", "系统会在这些状态之间无休止地循环：{circle}"
    ),
    "E209": Words("the engine cannot make “{move}”: {problem}", "系统不能执行“{move}”：{problem}"),
    "E210": Words("“{move}” cannot follow a due: {problem}", "“{move}”不能在到期时自动执行：{problem}"),
    "E211": Words(
        "“{move}” cannot be reported late: it pauses or resumes clocks, or begins a round",
        "“{move}”不能补报：它会暂停、恢复计时或开始新一轮",
    ),
    "E212": Words(
        "“{move}” can never be made: “{before}” cannot come before it", "“{move}”永远做不了：它之前不可能做过“{before}”"
    ),
    "W213": Words(
        "“{move}” may be reported late, and nothing says how late: `late_reports` is 0",
        "“{move}”可以补报，却没有写明可以晚多久：`late_reports` 是 0",
    ),
    # ---- limits and tables ----
    "E301": Words("the table has no row for the rest", "表中没有兜底的一行"),
    "E302": Words(
        "rows “{one}” and “{other}” both speak of the same ticket, and differ",
        "“{one}”和“{other}”两行会同时符合同一张工单，结果却不同",
    ),
    "W302": Words("no ticket can ever fit row “{row}”", "没有工单会符合“{row}”这一行"),
    "E303": Words("rungs “{rung}” and “{other}” come at the same instant", "“{rung}”和“{other}”两级在同一时刻"),
    "W303": Words(
        "rung “{rung}” can never be reached: no limit is that long", "“{rung}”这一级永远到不了：没有那么长的时限"
    ),
    "E305": Words("“{deadline}” can never begin for {category}", "“{deadline}”对“{category}”永远不会起算"),
    "E306": Words("“{deadline}” can never be met for {category}", "“{deadline}”对“{category}”永远无法完成"),
    "E308": Words("`at_least` is only for limits before an event", "`at_least` 只用于事前的时限"),
    "E309": Words(
        "two rows without `when` take the rest: “{one}” and “{other}”",
        "有两行不带 `when`，都要兜底：“{one}”和“{other}”",
    ),
    "E311": Words(
        "“{fact}” must make no difference, and a table looks at it", "不得以“{fact}”区别对待，而这张表看了它"
    ),
    "E312": Words(
        "“{fact}” is personal: a rule may only ask whether it is set", "“{fact}”是个人信息：规则只能判断是否填写"
    ),
    "E315": Words("defaults look at each other in a circle: {circle}", "默认值之间循环引用：{circle}"),
    # ---- calendars, roles, duties ----
    "I401": Words(
        "no file says how many “{name}” there are yet: the site's own file does, under `numbers`",
        "还没有文件写明“{name}”的数量：由项目自己的文件在 `numbers` 里写",
    ),
    "E401": Words("“{role}” is the last resort and not always on duty", "“{role}”是最后兜底的角色，却不是随时在岗"),
    "W402": Words(
        "calendar “{calendar}” knows nothing of {year} yet, and deadlines reach into it",
        "日历“{calendar}”还没有 {year} 年的数据，而时限会用到",
    ),
    "E403": Words("there are no holidays for “{code}”", "没有“{code}”的节假日数据"),
    "E404": Words("“{text}”: {reason}", "“{text}”：{reason}"),
    "E406": Words("stand-ins in a circle: {circle}", "替补关系循环：{circle}"),
    "E407": Words("{problem}", "{problem}"),
    "E408": Words("calendar “{calendar}” never opens", "日历“{calendar}”从不开放"),
    "W409": Words(
        "“{role}” is to have {least} present at a time, and {most} people in all",
        "“{role}”要求同时在岗 {least} 人，而总共只有 {most} 人",
    ),
    "E410": Words("calendars open with each other in a circle: {circle}", "日历之间循环引用：{circle}"),
    "W411": Words(
        "“{duty}” comes round only while nobody of “{role}” is on duty",
        "“{duty}”到来并应完成的时间里，“{role}”从不在岗",
    ),
    # ---- figures ----
    "E501": Words("“{fact}” is no number: it has no average", "“{fact}”不是数字，没有平均值"),
    "W501": Words("“{figure}” can never be measured", "“{figure}”永远算不出来"),
    "E502": Words(
        "figure “{figure}” needs exactly one measure, and has: {keys}",
        "指标“{figure}”必须有且只有一个度量，现在有：{keys}",
    ),
    # ---- layers ----
    "E901": Words("nothing to take away: no lower layer has “{name}”", "没有可去掉的内容：下层没有“{name}”"),
    "E902": Words(
        "“{path}” is in no lower layer and not complete in itself: it lacks {keys}",
        "“{path}”在下层不存在，自身又不完整：缺少 {keys}",
    ),
    "E903": Words("policies extend each other in a circle: {circle}", "方案之间循环继承：{circle}"),
    "E904": Words("there is no policy “{policy}” to extend", "找不到要继承的方案“{policy}”"),
    "E905": Words("there is no inherited list “{key}” to change", "没有继承来的列表“{key}”可改"),
    "E906": Words("policy “{policy}” stands in a file named {file}", "方案“{policy}”所在的文件名是 {file}"),
    "E907": Words("more than {limit} of them build on one another", "层层相叠超过 {limit} 层"),
    "E908": Words("“{name}” is taken away here, and is still used", "“{name}”在此被去掉，而别处仍在使用"),
    "W901": Words("“{path}” repeats what it overrides", "“{path}”与被覆盖的值相同"),
    "I901": Words(
        "two layers disagree about “{path}”: “{winner}” wins over “{loser}”",
        "两个层对“{path}”说法不一：以“{winner}”为准，“{loser}”不生效",
    ),
}
