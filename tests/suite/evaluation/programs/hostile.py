"""Programs that would pretend to have passed, or do harm: none of them adds numbers.

Started as a program in a container, it judges them all and prints what came of it as JSON.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from harness.suite.evaluation.programs.judge import judge_all
from harness.suite.evaluation.programs.records import Limits, Submission

TESTS = "assert add(2, 3) == 5\nassert add([1], [2]) == [1, 2]"
MARK = "mark-of-a-hostile-program"
"""Name of the files they try to write."""
LIMITS = Limits(cpu_s=1, call_s=3, seconds=3, memory_bytes=256 << 20)
FOLDERS = ("/tmp", "/dev/shm", "/var/tmp", "/", ".")

WITH_ADD = "\ndef add(a, b):\n    return None\n"
FORGED = '{"passed": true, "reason": "passed"}'
ANYTHING = """
class Anything({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    __class__ = property(lambda self: int)
def add(a, b):
    return Anything()
"""

PRETENDERS = {
    "exits_at_once": "import sys\nsys.exit(0)",
    "exits_harder": "import os\nos._exit(0)",
    "exits_when_called": "import os\ndef add(a, b):\n    os._exit(0)",
    "exits_politely_when_called": "def add(a, b):\n    raise SystemExit(0)",
    "exits_at_exit": "import atexit, os\natexit.register(os._exit, 0)" + WITH_ADD,
    "interrupts": "def add(a, b):\n    raise KeyboardInterrupt",
    "ends_the_iteration": "def add(a, b):\n    raise StopIteration",
    "raises_what_was_expected": "def add(a, b):\n    raise type('AssertionError', (Exception,), {})",
    "prints_a_verdict": f"print({FORGED!r})\ndef add(a, b):\n    print({FORGED!r}, flush=True)",
    "writes_a_verdict_everywhere": "import os\nfor fd in range(64):\n    try: os.write(fd, "
    + repr(FORGED.encode())
    + ")\n    except OSError: pass"
    + WITH_ADD,
    "frames_a_verdict": "import os, struct, json\ntext = json.dumps(['confined']).encode()\n"
    "for fd in range(64):\n    try: os.write(fd, 50 * (struct.pack('>I', len(text)) + text))\n"
    "    except OSError: pass" + WITH_ADD,
    "closes_everything": "import os\nos.closerange(0, 64)" + WITH_ADD,
    "equals_anything": ANYTHING.format(base="object"),
    "is_a_number_that_equals_anything": ANYTHING.format(base="int"),
    "is_a_list_that_equals_anything": ANYTHING.format(base="list"),
    "is_a_string_that_equals_anything": ANYTHING.format(base="str"),
    "is_a_class_that_equals_anything": ANYTHING.format(base="type").replace(
        "Anything()", "Anything('int', (), {})"
    ),
    "redefines_builtins": "import builtins\nbuiltins.AssertionError = type('Fine', (Exception,), {})\n"
    "builtins.all = builtins.isinstance = builtins.len = lambda *a: True\n"
    "builtins.__import__ = lambda *a, **k: None" + WITH_ADD,
    "defines_check": "def check(*a): pass\ndef assertion(*a): pass\nTESTS = tests = ''" + WITH_ADD,
    "replaces_modules": "import sys, types\nfor name in list(sys.modules):\n"
    "    if 'harness' in name: sys.modules[name] = types.ModuleType(name)" + WITH_ADD,
    "rewrites_its_own_process": "import gc, sys\nfor thing in gc.get_objects():\n"
    "    if type(thing).__name__ == 'Program' and hasattr(type(thing), 'answer'):\n"
    "        type(thing).answer = lambda *a: ['value', True, None]" + WITH_ADD,
    "answers_with_objects": "import sys\nframe = sys._getframe()\nwhile frame:\n"
    "    if 'channel' in frame.f_locals: channel = frame.f_locals['channel']\n    frame = frame.f_back\n"
    "channel.send(['value', None, None])\nwhile True:\n    channel.receive()\n"
    "    channel.send(['value', ['object', 7], None])",
    "answers_with_nonsense": "import sys\nframe = sys._getframe()\nwhile frame:\n"
    "    if 'channel' in frame.f_locals: channel = frame.f_locals['channel']\n    frame = frame.f_back\n"
    "while True:\n    channel.send({'passed': True})",
    "answers_without_end": "import os\nfor fd in range(3, 64):\n    try:\n"
    "        while True: os.write(fd, b'\\x00\\x7f\\xff\\xff' + b'[' * 65536)\n    except OSError: pass",
    "returns_too_much": "def add(a, b):\n    return 'x' * 100_000_000",
    "returns_too_deep": "def add(a, b):\n    x = []\n    for _ in range(100_000): x = [x]\n    return x",
    "returns_itself": "def add(a, b):\n    x = []\n    x.append(x)\n    return x",
    "returns_a_huge_number": "def add(a, b):\n    return 1 << 400_000_000",
    "returns_the_arguments_changed": "def add(a, b):\n    if a == 2: return 5\n    a.clear(); b.clear()",
}
"""They would have 'passed' said of them."""


class Harm(NamedTuple):
    """What it tries, and what must come of it."""

    program: str
    end: str


REFUSED = "PermissionError"
LATE = "timed out"
HARMFUL = {
    "forks": Harm("import os\nfor _ in range(6): os.fork()" + WITH_ADD, REFUSED),
    "starts_a_shell": Harm(
        "import os\nstatus = os.system('sleep 1000 &')\nif status: raise PermissionError(status)", REFUSED
    ),
    "starts_a_program": Harm("import subprocess\nsubprocess.Popen(['sleep', '1000'])" + WITH_ADD, REFUSED),
    "spawns": Harm("import os\nos.posix_spawn('/bin/sleep', ['sleep', '1000'], {})" + WITH_ADD, REFUSED),
    "becomes_another_program": Harm("import os\nos.execv('/bin/true', ['true'])", REFUSED),
    "becomes_a_daemon": Harm("import os\nos.setsid()" + WITH_ADD, REFUSED),
    "starts_threads": Harm(
        "import threading, time\nthreading.stack_size(32768)\n"
        "for _ in range(64): threading.Thread(target=time.sleep, args=(1000,)).start()" + WITH_ADD,
        "can't start new thread",
    ),
    **{
        f"writes_to_{folder}": Harm(f"open('{folder}/{MARK}', 'w').write('x')" + WITH_ADD, REFUSED)
        for folder in FOLDERS
    },
    "writes_and_says_nothing": Harm(
        "".join(f"try: open('{folder}/{MARK}', 'w')\nexcept OSError: pass\n" for folder in FOLDERS)
        + WITH_ADD,
        "assert add(2, 3) == 5",
    ),
    "fills_the_disk": Harm(
        "import tempfile\nfor _ in range(9): tempfile.NamedTemporaryFile(delete=False).write(bytes(1 << 20))"
        + WITH_ADD,
        "No usable temporary directory",
    ),
    "makes_folders": Harm(f"import os\nos.mkdir('/tmp/{MARK}')" + WITH_ADD, REFUSED),
    "makes_links": Harm(f"import os\nos.symlink('/', '/tmp/{MARK}')" + WITH_ADD, REFUSED),
    "changes_a_files_mode": Harm(
        "import os, sys\nos.chmod(sys.executable, os.stat(sys.executable).st_mode)" + WITH_ADD, REFUSED
    ),
    "changes_a_files_owner": Harm("import os\nos.chown('/tmp', -1, -1)" + WITH_ADD, REFUSED),
    "removes_a_folder": Harm("import os\nos.rmdir('/tmp')" + WITH_ADD, REFUSED),
    "reads_secrets": Harm("open('/etc/passwd').read()" + WITH_ADD, REFUSED),
    "lists_folders": Harm("import os\nos.listdir('/tmp')" + WITH_ADD, REFUSED),
    "reads_its_judges_memory": Harm("import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')" + WITH_ADD, REFUSED),
    "reads_its_judges_words": Harm("import os\nopen(f'/proc/{os.getppid()}/environ')" + WITH_ADD, REFUSED),
    "signals_its_judge": Harm("import os, signal\nos.kill(os.getppid(), signal.SIGTERM)" + WITH_ADD, REFUSED),
    "signals_everybody": Harm("import os\nos.kill(-1, 0)" + WITH_ADD, REFUSED),
    "traces_its_judge": Harm(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.ptrace(16, os.getppid(), 0, 0): raise OSError(ctypes.get_errno(), 'attach')" + WITH_ADD,
        REFUSED,
    ),
    "calls_out": Harm("import socket\nsocket.create_connection(('127.0.0.1', 22), 1)" + WITH_ADD, REFUSED),
    "listens": Harm("import socket\nsocket.socket().listen()" + WITH_ADD, REFUSED),
    "opens_local_sockets": Harm("import socket\nsocket.socketpair()" + WITH_ADD, REFUSED),
    "raises_its_limits": Harm(
        "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))" + WITH_ADD, "ValueError"
    ),
    "never_ends": Harm("while True: pass", LATE),
    "never_answers": Harm("def add(a, b):\n    while True: pass", LATE),
    "never_wakes": Harm("import time\ntime.sleep(1000)", LATE),
    "ignores_the_time": Harm(
        "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", LATE
    ),
    "eats_memory": Harm("x = []\nwhile True: x.append(bytearray(1 << 24))", "MemoryError"),
    "eats_memory_at_once": Harm("x = bytearray(1 << 40)", "MemoryError"),
    "recurses_without_end": Harm(
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef add(a, b): return add(a, b)", ""
    ),
    "crashes": Harm("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "prints_without_end": Harm("while True: print('x' * 65536)", LATE),
}
"""They would do harm, or take what others need. Where nothing stopped them they would not do much."""

HOSTILE = PRETENDERS | {name: harm.program for name, harm in HARMFUL.items()}


def verdicts() -> dict[str, Any]:
    """On them all, and on a program that is right after them."""
    programs = HOSTILE | {"right": "def add(a, b):\n    return a + b"}
    rows = [Submission(program=program, tests=TESTS) for program in programs.values()]
    return dict(zip(programs, map(asdict, judge_all(rows, limits=LIMITS, workers=4)), strict=True))


def left() -> dict[str, Any]:
    """Files of theirs, and processes other than this one and its container's init."""
    files = [str(path) for folder in FOLDERS for path in Path(folder).glob(f"{MARK}*")]
    processes = [path for path in Path("/proc").iterdir() if path.name.isdigit()]
    return {"files": files, "processes": len(processes) - 2}


if __name__ == "__main__":
    json.dump({**verdicts(), "left": left()}, sys.stdout)
