"""A browser to test the page in: the system's Chromium, else the one that Playwright has fetched.

`python -m tests.ui.browsers` says which, and where there is none tries to install one: Debian's package where that is
allowed, else Playwright's own build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")


def find_browser() -> str | None:
    """Its program; None where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_browser() -> None:
    """One way after another, as long as there is none; what fails is not an error."""
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        ways.insert(0, ["sh", "-c", "apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium"])
    for way in ways:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            subprocess.run(way, timeout=600, check=False, **quiet)
        except (OSError, subprocess.SubprocessError):
            continue
        if find_browser():
            return


if __name__ == "__main__":
    if not find_browser():
        install_browser()
    print(find_browser() or "no Chromium can be had; the test of the page in a browser will be skipped")
