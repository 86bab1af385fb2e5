"""What the documentation promises is tried."""
import re
import subprocess
import sys

import pytest
from daemon import TOP, depthctl

PAGES = sorted([*TOP.glob("*.md"), *TOP.glob("docs/**/*.md"), *TOP.glob("models/*/*.md"), *TOP.glob("clients/**/*.md")])


def test_the_readmes_python_example_receives_depth(running):
    text = (TOP / "README.md").read_text()
    example = re.search(r"```python\n(.*?)```", text, re.S).group(1)
    assert len(example.splitlines()) <= 10
    example = re.sub(r"ipc://\S+/stream\.sock", running.endpoint("stream"), example)
    process = subprocess.Popen([sys.executable, "-uc", example], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert re.match(r"\d+ locked median [\d.]+ m", line), line
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TOP)))
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not re.match(r"https?://", target):
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is missing"


def test_every_command_of_the_readme_exists():
    known = depthctl("--help").stdout
    commands = set()
    for cell in re.findall(r"^\| (`depthctl .*?) \|", (TOP / "README.md").read_text(), re.M):
        commands |= {word.split()[-1] if "depthctl" not in word else word.split()[1] for word in re.findall(r"`([^`]+)`", cell)}
    commands.discard("run")
    for command in commands:
        assert re.search(rf"^\s+{command}\s", known, re.M), f"depthctl {command} is in the README and not in --help"
