"""tox's configuration in a container: one environment, of one release, in front of what the image holds."""

from harness.images.image import PYTHON

RELEASE = "/door/release"
"""Where the files of a release lie in a container."""
CONFIG, REQUIREMENTS = "tox.ini", "requirements.txt"
"""What they are, beside the wheels."""
COMMAND = ("-m", "tox", "run", "-c", f"{RELEASE}/{CONFIG}", "--")
"""What a Python with tox is given, before what the suite is given."""

TEMPLATE = """\
# Generated: a row of the versions in matrix.json, or a release that was typed, is an environment.
[tox]
env_list = transformers-{release}
no_package = true
work_dir = /tmp/tox

[testenv]
base_python = {python}
deps = -r {folder}/{requirements}
# What the image has is not installed again, and no network is asked.
install_command =
    python -m pip install --no-deps --no-index --no-compile --find-links={folder} {{opts}} {{packages}}
pass_env = HARNESS_*, HF_*, HOME, PYTHON*
change_dir = /tmp
allowlist_externals = {python}
# The image's packages come last: the release, and what was installed for it, is found first.
commands_pre = {python} -m harness.suite.beneath {{env_site_packages_dir}}
commands = python -m harness.suite {{posargs}}
"""


def tox_ini(release: str) -> str:
    """The configuration for a release."""
    return TEMPLATE.format(release=release, python=PYTHON, folder=RELEASE, requirements=REQUIREMENTS)
