"""Programs that would pretend to have passed, or do harm: none of them adds numbers.

Started as a program, it judges them all and prints what came of it as JSON: in a container too.
"""

import json
import sys
from dataclasses import asdict

from harness.suite.evaluation.programs.judge import judge_all
from harness.suite.evaluation.programs.records import Limits, Submission

TESTS = "assert add(2, 3) == 5\nassert add([1], [2]) == [1, 2]"
MARK = "mark-of-a-hostile-program"
"""Name of the files they try to write."""
LIMITS = Limits(cpu_s=1, call_s=2, seconds=3, memory_bytes=256 << 20)
FOLDERS = ("/tmp", "/dev/shm", "/var/tmp", "/", "/work", ".")

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
    "raises_what_was_expected": "class AssertionError(Exception): pass\ndef add(a, b):\n    raise AssertionError",
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
    "is_a_class_that_equals_anything": ANYTHING.format(base="type").replace("Anything()", "Anything('int', (), {})"),
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

HARMFUL = {
    "forks": "import os\nwhile True: os.fork()",
    "starts_a_shell": "import os\nos.system('sleep 1000 &')" + WITH_ADD,
    "starts_a_program": "import subprocess\nsubprocess.Popen(['sleep', '1000'])" + WITH_ADD,
    "spawns": "import os\nos.posix_spawn('/bin/sleep', ['sleep', '1000'], {})" + WITH_ADD,
    "becomes_another_program": "import os\nos.execv('/bin/true', ['true'])",
    "becomes_a_daemon": "import os\nos.setsid()\nos.fork()" + WITH_ADD,
    "starts_threads": "import threading, time\nthreading.stack_size(32768)\n"
    "while True: threading.Thread(target=time.sleep, args=(1000,)).start()",
    "writes_files": "\n".join(f"open('{folder}/{MARK}', 'w')" for folder in FOLDERS),
    "writes_files_and_says_nothing": "".join(
        f"try: open('{folder}/{MARK}', 'w').write('x')\nexcept OSError: pass\n" for folder in FOLDERS
    )
    + WITH_ADD,
    "fills_the_disk": "import tempfile\nwhile True: tempfile.NamedTemporaryFile(delete=False).write(bytes(1 << 20))",
    "changes_files": "import os, sys\nos.chmod(sys.executable, 0)",
    "removes_files": "import shutil\nshutil.rmtree('/tmp')\nshutil.rmtree('/work')",
    "reads_secrets": "open('/etc/passwd').read()",
    "reads_its_judges_memory": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')",
    "reads_its_judges_words": "import os\nopen(f'/proc/{os.getppid()}/environ', 'rb')",
    "kills_its_judge": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)",
    "kills_everybody": "import os, signal\nos.kill(-1, signal.SIGKILL)",
    "traces_its_judge": "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0): raise OSError",
    "calls_out": "import socket\nsocket.create_connection(('127.0.0.1', 22), 1)",
    "listens": "import socket\nsocket.socket().listen()",
    "sends_by_a_local_socket": "import socket\nsocket.socketpair()",
    "raises_its_limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))",
    "never_ends": "while True: pass",
    "never_answers": "def add(a, b):\n    while True: pass",
    "never_wakes": "import time\ntime.sleep(1000)",
    "ignores_the_time": "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
    "eats_memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "eats_memory_at_once": "x = bytearray(1 << 40)",
    "recurses_without_end": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef add(a, b): return add(a, b)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "prints_without_end": "while True: print('x' * 65536)",
}
"""They would do harm, or take what others need."""

HOSTILE = PRETENDERS | HARMFUL


def main() -> None:
    """Judge them all, two at a time, and a program that is right after them."""
    programs = [*HOSTILE.values(), "def add(a, b):\n    return a + b"]
    verdicts = judge_all(
        [Submission(program=program, tests=TESTS) for program in programs], limits=LIMITS, workers=2
    )
    json.dump(dict(zip([*HOSTILE, "right"], map(asdict, verdicts), strict=True)), sys.stdout)


if __name__ == "__main__":
    main()
