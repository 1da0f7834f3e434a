"""Packages of one Python beneath those of an environment."""

import subprocess
import sysconfig
import venv
from pathlib import Path

from harness.suite.beneath import main


def test_what_the_environment_has_comes_first(tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    python = tmp_path / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    own = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
    (own / "packaging").mkdir()
    (own / "packaging" / "__init__.py").touch()
    main(own)
    program = "import packaging, pluggy; print(packaging.__file__, pluggy.__file__)"
    found = subprocess.run([str(python), "-c", program], capture_output=True, text=True, check=True).stdout
    shadowing, beneath = map(Path, found.split())
    assert shadowing.is_relative_to(own)
    assert beneath.is_relative_to(sysconfig.get_path("purelib"))
