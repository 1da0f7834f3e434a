"""tox reads the configuration as it is meant: one environment, no network, nothing of the project's own."""

from configparser import RawConfigParser

from harness.images.toxini import COMMAND, CONFIG, RELEASE, tox_ini


def test_one_environment_that_asks_no_network() -> None:
    read = RawConfigParser()
    read.read_string(tox_ini("4.57.6"))
    assert read["tox"]["env_list"] == "transformers-4.57.6"
    assert read["tox"]["no_package"] == "true"
    install = read["testenv"]["install_command"].split()
    assert {"--no-index", "--no-deps", f"--find-links={RELEASE}", "{opts}", "{packages}"} <= set(install)
    assert read["testenv"]["commands"] == "python -m harness.suite {posargs}"


def test_the_command_names_the_configuration() -> None:
    assert COMMAND[-2:] == (f"{RELEASE}/{CONFIG}", "--")
