"""The text around the check's own code in a reproduction; the braces are `str.format`'s."""

HEAD = '''"""{title}

Written by `harness repro` for torch {torch} and transformers {transformers}; it needs {needs} alone.
Exit code 0: the check passes; 1: it fails; 2: it does not apply on this machine.
"""

from __future__ import annotations

{imports}


class Unsupported(BaseException):
    """What was asked cannot run on this machine."""


def failed(error):
    return True


def message_of(error):
    return f"{{type(error).__name__}}: {{error}}"


Source = object
{helpers}
'''
TAIL = """
CONFIG = {config}
PINS = {pins}
CALLS = {{
{calls}
}}
LIMIT = {limit!r}
DEVICE = {device!r}
SEED = {seed!r}


def build():
    config = {config_class}(**CONFIG)
    torch.manual_seed(SEED)
    model = {model_class}._from_config(config, dtype=torch.float32).eval()
    perturb(model, SEED)
    return model.to(DEVICE)


def main():
    transformers.logging.set_verbosity_error()
    torch.set_num_threads({threads})
    print("torch", torch.__version__, "transformers", transformers.__version__)
    try:
        subject = Subject(build(), DEVICE, SEED, Recorded(PINS, CALLS))
        finding = {check}(subject)
    except Unsupported as error:
        print(f"unsupported: {{error}}")
        return 2
    except Exception as error:
        if isinstance(error, ImportError) and " requires " in str(error):
            print(f"unsupported: {{error}}")
            return 2
        traceback.print_exc()
        print(f"failed: {{type(error).__name__}}: {{error}}")
        return 1
    passed = finding.deviation <= LIMIT
    verdict = "passed" if passed else "failed"
    print(f"{{verdict}}: deviation {{finding.deviation:.3g}}, tolerance {{LIMIT:g}}; {{finding.detail}}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
"""
