"""Chromium without a window, led by the DevTools protocol through two pipes."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--remote-debugging-pipe",
)  # fmt: skip
KEYS = {
    "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39, "ArrowUp": 38, "End": 35, "Enter": 13,
    "Home": 36, " ": 32, "Tab": 9,
}  # fmt: skip
"""The codes of keys that are no letters."""


class Browser:
    """One page in a browser of its own; a context manager. console: the errors of the page."""

    def __init__(self, folder: Path) -> None:
        # Chromium reads the pipe 3 and writes the pipe 4.
        theirs, self._to = os.pipe()
        self._from, other = os.pipe()
        line = [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        shell = f'exec "$@" 3<&{theirs} 4>&{other}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "chromium", *line], pass_fds=(theirs, other),
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        os.close(other)
        self._rest, self._count, self.console = b"", 0, []
        self._session = ""
        targets = self.send("Target.getTargets")["targetInfos"]
        target = next(each["targetId"] for each in targets if each["type"] == "page")
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Accessibility"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._session = ""
        self.send("Browser.close")
        os.close(self._to)
        self._process.wait(30)
        os.close(self._from)

    def _next(self) -> dict:
        while b"\0" not in self._rest:
            got = os.read(self._from, 1 << 20)
            if not got:
                raise ConnectionError("Chromium has ended")
            self._rest += got
        one, self._rest = self._rest.split(b"\0", 1)
        return json.loads(one)

    def _event(self, message: dict) -> None:
        named, values = message.get("method"), message.get("params", {})
        if named == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.console.append(values["entry"]["text"])
        elif named == "Runtime.exceptionThrown":
            self.console.append(str(values["exceptionDetails"]))

    def send(self, method: str, **params: object) -> dict:
        """The result of a command."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            got = self._next()
            if got.get("id") == self._count:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]
            self._event(got)

    def show(self, path: Path, width: int = 1000, height: int = 900, dark: bool = False) -> None:
        """Open a file and wait until its scripts have run."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height,
            deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        still = {"name": "prefers-reduced-motion", "value": "reduce"}
        self.send("Emulation.setEmulatedMedia", features=[scheme, still])
        self.send("Page.navigate", url=path.resolve().as_uri())
        self.until(
            "document.readyState === 'complete' && document.querySelector('#check')?.innerText"
        )

    def until(self, condition: str) -> None:
        """Wait until an expression in the page is true."""
        again = f"{condition} ? go() : setTimeout(wait, 20)"
        self.ask(f"new Promise((go) => {{ const wait = () => {again}; wait(); }})")

    def ask(self, script: str) -> object:
        """The value of an expression in the page; of a promise what it holds."""
        got = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in got:
            raise RuntimeError(str(got["exceptionDetails"]))
        return got["result"].get("value")

    def press(self, key: str, shift: bool = False, times: int = 1) -> None:
        """Press a key, as a person does."""
        code = KEYS.get(key, ord(key.upper()[0]))
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        held = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 * shift}
        for _ in range(times):
            self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **held)
            self.send("Input.dispatchKeyEvent", type="keyUp", **held)

    def type(self, text: str) -> None:
        """Type text into what has the focus."""
        self.send("Input.insertText", text=text)

    def drop(self, file: Path, selector: str) -> None:
        """Drop a file on an element."""
        found = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{found}.scrollIntoView({{ behavior: 'instant' }})")
        left, top = self.ask(f"(({{ x, y }}) => [x, y])({found}.getBoundingClientRect())")
        x, y = left + 5, max(0, top) + 5
        data = {"items": [], "files": [str(file.resolve())], "dragOperationsMask": 1}
        for event in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=event, x=x, y=y, data=data)

    def picture(self, path: Path, whole: bool = False) -> None:
        """A screenshot as PNG, of the whole page if asked."""
        got = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(got["data"]))

    def names(self) -> list[tuple[str, str]]:
        """(role, name) of everything that a screen reader reaches."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (each["role"]["value"], each.get("name", {}).get("value", ""))
            for each in nodes
            if not each.get("ignored")
        ]
