"""A headless Chromium, told what to do by the WebDriver protocol; nothing but Debian's packages."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Why nothing here can be run, or "".
MISSING = ", ".join(
    f"{name} is not installed"
    for name in ("chromium", "chromedriver")
    if shutil.which(name) is None
)

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

#: The protocol's numbers for keys that are no letters.
KEYS = {
    "left": "\ue012",
    "up": "\ue013",
    "right": "\ue014",
    "down": "\ue015",
    "enter": "\ue007",
    "escape": "\ue00c",
}


class Browser:
    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        options = {
            "args": ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1300,900"]
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._root += f"/session/{made['sessionId']}"

    def _call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._root + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def open(self, path: Path) -> None:
        """A file, till its script has come to its end."""
        self._call("POST", "/url", {"url": path.as_uri()})
        for _ in range(600):
            if self.run("return document.documentElement.dataset.ready") == "yes":
                return
            time.sleep(0.05)
        raise AssertionError(f"the page is not ready: {self.complaints()}")

    def run(self, script: str, *args: object) -> Any:
        return self._call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def complaints(self) -> list[str]:
        """What the console says."""
        return [entry["message"] for entry in self._call("POST", "/se/log", {"type": "browser"})]

    def click(self, selector: str) -> None:
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{found[_ELEMENT]}/click", {})

    def press(self, *keys: str) -> None:
        """Letters, or names in KEYS, one after the other."""
        actions = [
            {"type": kind, "value": KEYS.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        self._call(
            "POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": actions}]}
        )

    def point(self, *where: tuple[int, int], held: bool = False) -> None:
        """The mouse to these places of the window, the button held on the way if asked for."""
        moves: list[dict[str, object]] = [
            {"type": "pointerMove", "x": x, "y": y, "duration": 0} for x, y in where
        ]
        if held:
            moves.insert(1, {"type": "pointerDown", "button": 0})
            moves.append({"type": "pointerUp", "button": 0})
        mouse = {"type": "pointer", "id": "m", "actions": moves}
        self._call("POST", "/actions", {"actions": [mouse]})

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))

    def close(self) -> None:
        self._call("DELETE", "")


@contextmanager
def browse() -> Iterator[Browser]:
    command: Sequence[str] = ("chromedriver", "--port=0")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout is not None
            port = 0
            for line in driver.stdout:
                if "started successfully on port" in line:
                    port = int(line.rstrip().rstrip(".").rpartition(" ")[2])
                    break
            assert port, "chromedriver did not start"
            browser = Browser(port)
            try:
                yield browser
            finally:
                browser.close()
        finally:
            driver.terminate()
