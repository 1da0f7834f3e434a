from pathlib import Path

import pytest

from harness.images.log import log_file, reason


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\nERROR: no space left\nafter\n", "ERROR: no space left"),
        ("I: fine\nE: cannot download\n", "E: cannot download"),
        (
            "\x1b[91mAssertionError\n\x1b[0mThe command '/bin/sh -c x' returned a non-zero code: 1",
            "AssertionError",
        ),
        ("COPY failed: no source\n", "COPY failed: no source"),
        ("ERROR: no space left\ninstall: failed: nobody has it\n", "nobody has it (ERROR: no space left)"),
        ("install: failed: it is for cpu\nRemoving intermediate container 0a1b\n", "it is for cpu"),
        ("", "no reason given"),
    ],
)
def test_reason(tmp_path: Path, text: str, line: str) -> None:
    log = log_file(tmp_path, "a")
    log.write_text(text)
    assert reason(log) == line
