"""How the board answers: every page with the same strict headers, every error as a page that says what to do."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.policy import Words
from engine.server.auth import Gate, is_foreign
from engine.server.problems import SENTENCES, ProblemError
from engine.store import ConflictError, StoreError

#: On every answer of the board. A page can be shown nowhere else, runs no script but ours and is kept nowhere.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
NO_STORE: Final = "no-store"
#: Bytes of a form that somebody who is signed in sends with files, and of any other.
FILES_MAX: Final = 12 << 20
FORM_MAX: Final = 64 << 10


class TroubleError(Exception):
    """What keeps a page from being shown: a status, a sentence, and seconds after which it may be."""

    def __init__(self, status: int, words: Words, wait: int = 0) -> None:
        super().__init__(words.en)
        self.status = status
        self.words = words
        self.wait = wait


class SignInFirstError(Exception):
    """Nobody is signed in; afterwards `next` is where they wanted to go. `unsent`: a form was not taken for that;
    `page`: where to sign in, with what the form held.
    """

    def __init__(self, next: str, unsent: bool = False, page: Response | None = None) -> None:
        super().__init__(next)
        self.page = page
        self.where = urlencode({"next": next, **({"unsent": "1"} if unsent else {})})


class FormRequest(Request):
    """A request whose body is bounded, whatever it says of its own length: `most` bytes of it are read."""

    most = FORM_MAX

    async def stream(self) -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in super().stream():
            size += len(chunk)
            if size > self.most:
                raise TroubleError(413, TOO_LONG)
            yield chunk


Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route of the board: its troubles are pages too, and no answer goes without the headers."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            return await _page(answer, FormRequest(request.scope, request.receive))

        return handler


def inside(next: str) -> str:
    """A path of ours; whatever else somebody wrote there leads home."""
    fine = next.startswith("/") and not next.startswith("//") and "\\" not in next and next.isprintable()
    return next if fine else "/"


async def astray(request: Request, error: HTTPException) -> Response:
    """The page of an address that has nothing, or not with this method; what ends in a slash is looked for without."""
    path = request.url.path

    async def nothing(request: Request) -> Response:
        if error.status_code == 404 and path.endswith("/"):
            return RedirectResponse(inside(path.rstrip("/")), 308)
        raise TroubleError(error.status_code, SENTENCES["method" if error.status_code == 405 else "not_found"])

    response = await _page(nothing, request)
    response.headers.update(error.headers or {})
    return response


async def _page(answer: Handler, request: Request) -> Response:
    response = await _answered(answer, request)
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("Cache-Control", NO_STORE)
    return response


async def _answered(answer: Handler, request: Request) -> Response:
    gate: Gate = request.app.state.gate
    told: Callable[[Request, TroubleError], Response] = request.app.state.told
    try:
        gate.hold_back(request)
        if request.method == "POST" and is_foreign(request):
            raise TroubleError(403, FOREIGN)
        return await answer(request)
    except SignInFirstError as first:
        return first.page or RedirectResponse(f"/sign-in?{first.where}", 303)
    except TroubleError as trouble:
        return told(request, trouble)
    except RequestValidationError:
        return told(request, TroubleError(422, UNREADABLE))
    except ProblemError as problem:
        return told(request, TroubleError(problem.status_code, problem.words, problem.wait))
    except (StoreError, ConflictError):
        return told(request, TroubleError(503, SENTENCES["store"], 5))
    except ClientDisconnect:  # nobody is there to read it
        return Response(status_code=400)
    except HTTPException as error:
        return told(request, TroubleError(error.status_code, SENTENCES["unreadable"]))
    except Exception as defect:  # ours: counted, and told to the log
        gate.defects.note(request, defect)
        return told(request, TroubleError(500, SENTENCES["internal"]))


UNREADABLE: Final = Words("this request cannot be read; go back and try again", "请求无法识别，请返回重试")
FOREIGN: Final = Words("this form was sent from another site; open the page here", "表单来自其他网站，请在本站打开页面")
TOO_LONG: Final = Words("what was sent is too long", "提交的内容过大")
