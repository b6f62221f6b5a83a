"""A daemon that answers on this machine, with a clock that tests move, and a Chromium that looks at it.

Without a Chromium these tests are skipped, visibly; HUIYIN_REQUIRE_BROWSER=1 lets them fail instead. Pictures go to the
folder that HUIYIN_SCREENSHOTS names, else to one of the test run.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from engine.runtime import Entry, change_roster
from engine.server import Config, build
from engine.server.app import make_app
from engine.server.auth import make_gate
from engine.server.entry.access_log import Call
from engine.server.entry.accounts import Profile
from engine.server.entry.passwords import Passwords
from tests.server.conftest import START, Clock, pass_inductions
from tests.server.doors import CHEAP, GOOD

POLICY = Path(__file__).with_name("bridge.yaml")
STAFF = {"小李": "front_desk", "小王": "supervisor", "老张": "technician", "小赵": "agent", "陈经理": "site_manager"}
ACCOUNTS = {"li": "小李", "wang": "小王", "zhang": "老张", "zhao": "小赵", "chen": "陈经理"}
DESK, PHONE = (1440, 900), (390, 844)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=zh-CN", "--accept-lang=zh-CN",
)  # fmt: skip


class Site:
    """The daemon, its address, and time."""

    def __init__(self, daemon, gate, clock, url):
        self.daemon = daemon
        self.gate = gate
        self.clock = clock
        self.url = url

    @property
    def service(self):
        return self.daemon.engine.services["bridge"]

    def pass_time(self, seconds):
        """Let time pass, as the loop of the engine would."""
        self.clock.at += seconds
        while self.daemon.engine.tick():
            pass


@pytest.fixture
def site(tmp_path):
    clock = Clock()
    daemon = build(Config(tmp_path / "data", (POLICY,)), clock)
    service = daemon.engine.services["bridge"]
    change_roster(service, START, [Entry(person, role) for person, role in STAFF.items()])
    pass_inductions(service, START)
    app = make_app(daemon)
    app.state.gate = gate = make_gate(daemon, Passwords(CHEAP))
    for name, person in ACCOUNTS.items():
        gate.accounts.make(Call(START, "root"), name, Profile(person, {"bridge": frozenset({STAFF[person]})}), GOOD)
    with _serving(app) as url:
        yield Site(daemon, gate, clock, url)
    daemon.database.close()


@contextmanager
def _serving(app):
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = Thread(target=server.run, args=([listener],))
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture(scope="session")
def chromium():
    """The browser and its driver."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        missing = "there is no chromium or no chromedriver on this machine"
        if os.environ.get("HUIYIN_REQUIRE_BROWSER") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    return browser, driver


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    folder = Path(os.environ.get("HUIYIN_SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def look(chromium, site, tmp_path, pictures):
    """Open a browser of somebody: `look("li")`, on a desk unless said otherwise."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    opened = []

    def open_one(name, size=DESK):
        options = ChromeOptions()
        options.binary_location = chromium[0]
        for flag in (*FLAGS, f"--user-data-dir={tmp_path / f'profile-{len(opened)}'}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = Chrome(options=options, service=Service(chromium[1]))
        opened.append(driver)
        eyes = Eyes(driver, site.url, pictures)
        eyes.resize(size)
        if name is not None:
            eyes.sign_in(name)
        return eyes

    yield open_one
    for driver in opened:
        driver.quit()


class Eyes:
    """Somebody at a browser."""

    def __init__(self, driver, url, pictures):
        self.driver = driver
        self.url = url
        self.pictures = pictures

    def resize(self, size):
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def connect(self, on):
        """Whether the daemon can be reached."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        line = {"offline": not on, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.driver.execute_cdp_cmd("Network.emulateNetworkConditions", line)

    def go(self, path):
        self.driver.get(self.url + path)

    def sign_in(self, name):
        self.go("/sign-in")
        self.fill("name", name)
        self.fill("password", GOOD)
        self.send("button.main")

    def one(self, selector):
        """The first that fits, which may have to come yet."""
        self.wait(lambda: self.all(selector))
        return self.driver.find_element("css selector", selector)

    def all(self, selector):
        return self.driver.find_elements("css selector", selector)

    def click(self, selector):
        element = self.one(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def send(self, selector):
        """Press a button that leads to another page, and wait for that."""
        self.one(selector)
        self.driver.execute_script("window.beforeSending = true")
        self.click(selector)
        self.wait(
            lambda: self.driver.execute_script("return !window.beforeSending && document.readyState == 'complete'")
        )

    def fill(self, name, text, within=""):
        element = self.one(f'{within} [name="{name}"]')
        if element.tag_name == "select":
            self.one(f'{within} [name="{name}"] option[value="{text}"]').click()
        elif element.get_attribute("type") == "datetime-local":
            self.driver.execute_script("arguments[0].value = arguments[1]", element, text)
        else:
            element.clear()
            element.send_keys(text)

    def move(self, move, occurred_at=None, **answers):
        """Unfold a move, fill in what it asks, send it."""
        form = f"#move-{move}"
        self.click(f"{form} > summary")
        for name, text in answers.items():
            self.fill(f"f-{name}", text, form)
        if occurred_at is not None:
            self.click(f"{form} .late > summary")
            self.fill("f-occurred_at", occurred_at, form)
        self.send(f"{form} button.main")

    def text(self, selector="main"):
        return self.read(selector, lambda element: element.text)

    def attribute(self, selector, name):
        return self.read(selector, lambda element: element.get_attribute(name))

    def read(self, selector, what):
        """What an element says; one that a live page exchanges just then is read again."""
        (found,) = self.wait(lambda: (what(self.one(selector)),))
        return found

    def wait(self, what, seconds=8):
        """Until something holds. What is looked at may be exchanged meanwhile, a line or the whole page, for which the
        driver has many words, "unknown error" among them: it is looked at again.
        """
        from selenium.common.exceptions import WebDriverException
        from selenium.webdriver.support.wait import WebDriverWait

        return WebDriverWait(self.driver, seconds, 0.05, [WebDriverException]).until(lambda _: what())

    def picture(self, name):
        """Take a picture at both sizes, and look whether anything sticks out."""
        for size, tag in ((DESK, "desk"), (PHONE, "phone")):
            self.resize(size)
            self.driver.save_screenshot(str(self.pictures / f"{name}-{tag}.png"))
            out = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert self.driver.execute_script(out) <= 0, f"{name} is wider than the {tag}"
        self.resize(DESK)

    def complaints(self):
        """What the browser's console says against a page: blocked scripts and styles, files that are not there."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
