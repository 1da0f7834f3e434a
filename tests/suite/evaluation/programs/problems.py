"""Problems of HumanEval's and MBPP's kinds, our own: each with a right program, and what makes it wrong."""

from typing import NamedTuple


class Problem(NamedTuple):
    """`wrong` replaces the first text by the second in the right program."""

    right: str
    wrong: tuple[str, str]
    tests: str
    prompt: str = ""


ROOT_PROMPT = '''import math


def value_at(coefficients: list, x: float):
    """The polynomial's value."""
    return sum(c * math.pow(x, i) for i, c in enumerate(coefficients))


def root_of(coefficients: list):
    """Where the polynomial is zero; it rises from below zero to above it.
    >>> round(root_of([1, 2]), 2)
    -0.5
    """
'''
CIPHER_PROMPT = '''def turn(text: str):
    """Each letter becomes the next one."""
    return "".join(chr((ord(letter) - 97 + 1) % 26 + 97) for letter in text)


def turn_back(text: str):
    """
    takes as input a text made with turn. Returns what it was made of.
    """
'''

PROBLEMS = {
    "check": Problem(
        "def close(numbers, gap):\n"
        "    return any(abs(a - b) < gap for i, a in enumerate(numbers) for b in numbers[:i])\n",
        ("< gap", "> gap"),
        "METADATA = {'author': 'us'}\n\ndef check(candidate):\n"
        "    assert candidate([1.0, 2.0, 3.9, 4.0], 0.3) == True\n"
        "    assert candidate([1.0, 2.0], 0.05) == False\n\ncheck(close)\n",
    ),
    "helper_of_the_prompt": Problem(
        ROOT_PROMPT + "    low, high = -1000.0, 1000.0\n"
        "    while high - low > 1e-9:\n"
        "        middle = (low + high) / 2\n"
        "        low, high = (low, middle) if value_at(coefficients, middle) > 0 else (middle, high)\n"
        "    return low\n",
        ("return low", "return low + 1"),
        "def check(candidate):\n    import random\n    rng = random.Random(42)\n    import copy\n"
        "    for _ in range(30):\n"
        "        coefficients = [rng.randint(-10, 10), rng.randint(1, 10)]\n"
        "        solution = candidate(copy.deepcopy(coefficients))\n"
        "        assert math.fabs(value_at(coefficients, solution)) < 1e-4\n\ncheck(root_of)\n",
        ROOT_PROMPT,
    ),
    "inverse_of_the_prompts": Problem(
        CIPHER_PROMPT + "    return ''.join(chr((ord(x) - 97 - 1) % 26 + 97) for x in text)\n",
        ("- 1)", "- 2)"),
        "def check(candidate):\n    from random import choice\n    import string\n"
        "    for _ in range(20):\n"
        "        text = ''.join(choice(string.ascii_lowercase) for i in range(10))\n"
        "        assert candidate(turn(text)) == text\n\ncheck(turn_back)\n",
        CIPHER_PROMPT,
    ),
    "itself_in_its_tests": Problem(
        "def thirds(xs):\n    return sorted(xs[::3])\n",
        ("sorted(", "list("),
        "def check(candidate):\n    assert tuple(candidate([3, 0, 0, 1])) == tuple(thirds([3, 5, 5, 1]))\n"
        "    assert tuple(candidate([3, 0, 0, 1])) == (1, 3)\n\ncheck(thirds)\n",
    ),
    "class_of_the_programs": Problem(
        "class Pair(object):\n    def __init__(self, a, b):\n        self.a, self.b = a, b\n"
        "def longest(pairs, n):\n    best = [1] * n\n    for i in range(n):\n        for j in range(i):\n"
        "            if pairs[i].a > pairs[j].b: best[i] = max(best[i], best[j] + 1)\n    return max(best)\n",
        ("+ 1)", "+ 2)"),
        "assert longest([Pair(5, 24), Pair(15, 25),Pair(27, 40), Pair(50, 60)], 4) == 3\n"
        "assert longest([Pair(1, 2), Pair(3, 4),Pair(5, 6), Pair(7, 8)], 4) == 4",
    ),
    "attributes_set_by_the_tests": Problem(
        "class Node:\n    left = right = None\n    def __init__(self, data):\n        self.data = data\n"
        "def height(node):\n    return 1 + max(height(node.left), height(node.right)) if node else 0\n",
        ("1 + max", "2 + max"),
        "root = Node(1)\nroot.left = Node(2)\nroot.left.right = Node(3)\n"
        "assert height(root) == 3\nassert root.left.data == 2",
    ),
    "sets": Problem(
        "def common(a, b):\n    return set(a) & set(b)\n",
        ("&", "|"),
        "assert set(common((3, 4, 5, 6), (5, 7, 4, 10))) == set((4, 5))\n"
        "assert common({1, frozenset({2})}, [frozenset({2})]) == {frozenset({2})}",
    ),
    "floats": Problem(
        "def mean(xs):\n    return sum(xs) / len(xs) if xs else float('nan')\n",
        ("/ len(xs)", "/ 2"),
        "import math\nassert mean([0.1, 0.2, 7.0]) == 7.3 / 3\nassert math.isnan(mean([]))\n"
        "assert mean([float('inf'), 1.0, 2.0]) == float('inf')",
    ),
    "complex": Problem(
        "import cmath\ndef angle(a, b):\n    return cmath.phase(complex(a) + complex(b)), complex(a, 0)\n",
        ("complex(a) +", "complex(a) -"),
        "assert angle(0, 1j) == (1.5707963267948966, 0j)",
    ),
    "generator": Problem(
        "def squares(n):\n    for i in range(n):\n        yield i * i\n",
        ("i * i", "i + i"),
        "assert list(squares(4)) == [0, 1, 4, 9]\nassert next(squares(3)) == 0\n"
        "assert sum(x for x in squares(3)) == 5",
    ),
    "iterator": Problem(
        "def doubled(xs):\n    return map(lambda x: 2 * x, xs)\n",
        ("2 * x", "3 * x"),
        "assert [*doubled(range(3))] == [0, 2, 4]\nassert 4 in doubled([1, 2])",
    ),
    "any_unicode": Problem(
        "def mirrored(text):\n    return text[::-1]\n",
        ("::-1", "::1"),
        "assert mirrored('añ😀\\ud83d\\x00\\n') == '\\n\\x00\\ud83d😀ña'\nassert mirrored('') == ''",
    ),
    "bytes_and_huge_numbers": Problem(
        "def packed(n):\n    return n ** 5000, n.to_bytes(2, 'big'), {n: None}\n",
        ("5000", "5001"),
        "assert packed(7) == (7 ** 5000, b'\\x00\\x07', {7: None})",
    ),
    "subclasses_of_plain_types": Problem(
        "from collections import Counter, OrderedDict, namedtuple\nPoint = namedtuple('Point', 'x y')\n"
        "def counted(text):\n    return Counter(text), Point(1, 2), OrderedDict(a=1)\n",
        ("Counter(text)", "Counter(text[1:])"),
        "assert counted('aab') == ({'a': 2, 'b': 1}, (1, 2), {'a': 1})",
    ),
    "exceptions": Problem(
        "class TooSmall(ValueError):\n    pass\n"
        "def root(x):\n    if x < 0: raise TooSmall('below zero')\n    return x ** 0.5\n",
        ("raise TooSmall", "return TooSmall"),
        "try:\n    root(-1)\nexcept ValueError as error:\n    assert str(error) == 'below zero'\n"
        "else:\n    assert False\nassert root(4) == 2",
    ),
    "function_returned": Problem(
        "def adder(n):\n    return lambda x, *, times=1: (x + n) * times\n",
        ("x + n", "x - n"),
        "assert adder(3)(4) == 7\nassert adder(n=3)(4, times=2) == 14",
    ),
    "types_as_arguments": Problem(
        "def without(xs, kind):\n    return [x for x in xs if not isinstance(x, kind)], type(xs[0])\n",
        ("not isinstance", "isinstance"),
        "assert without((4, 5, 7.7), int) == ([7.7], int)",
    ),
    "name_of_a_builtin": Problem(
        "def sum(a, b):\n    return a * b\n",
        ("a * b", "a + b"),
        "assert sum(10, 15) == 150\nassert sum(3, 4) == 12",
    ),
    "module_that_only_the_program_imports": Problem(
        "import math\ndef area(r):\n    return math.pi * r ** 2\n",
        ("** 2", "** 3"),
        "assert math.isclose(area(2), 12.566370614359172, rel_tol=0.001)",
    ),
    "argument_changed": Problem(
        "def sort_in_place(xs):\n    xs.sort()\n",
        ("xs.sort()", "xs = sorted(xs)"),
        "xs = [3, 1, 2]\nassert sort_in_place(xs) is None\nassert xs == [1, 2, 3]",
    ),
    "argument_left_alone": Problem(
        "def largest(xs):\n    return sorted(xs)[-1]\n",
        ("sorted(xs)[-1]", "xs.pop(0)"),
        "xs = [[3], [1]]\nassert largest(xs) == [3]\nassert xs == [[3], [1]]",
    ),
    "value": Problem("LIMIT = {'a': (1, 2)}\n", ("1, 2", "1, 3"), "assert LIMIT['a'] == (1, 2)"),
    "strings_of_objects": Problem(
        "class Name:\n    def __init__(self, x): self.x = x\n    def __str__(self): return f'<{self.x}>'\n"
        "    def __len__(self): return 3\n    def __getitem__(self, i): return self.x[i]\n"
        "    def __bool__(self): return False\ndef name(x):\n    return Name(x)\n",
        ("<{", "<<{"),
        "n = name('abc')\nassert str(n) == '<abc>' and len(n) == 3 and n[1] == 'b' and not n\n"
        "assert n != name('abc')",
    ),
    "main_is_not_run": Problem(
        "def one():\n    return 1\nif __name__ == '__main__':\n    print(input())\n",
        ("return 1", "return 2"),
        "assert one() == 1",
    ),
    "dataclass": Problem(
        "from dataclasses import dataclass, astuple\n"
        "@dataclass(order=True)\nclass P:\n    x: int\n    y: int = 2\n"
        "def tuples(ps):\n    return [astuple(p) for p in sorted(ps)]\n",
        ("sorted(ps)", "ps"),
        "assert tuples([P(3), P(1, 1)]) == [(1, 1), (3, 2)]",
    ),
    "regular_expression_match": Problem(
        "import re\ndef starts(text):\n    return re.match('ab*', text)\n",
        ("'ab*'", "'b*'"),
        "assert starts('abb')\nassert not starts('xa')",
    ),
    "numpy": Problem(
        "import numpy as np\ndef total(xs):\n    return np.sum(np.array(xs)), np.array(xs).any()\n",
        ("np.sum", "np.prod"),
        "assert total([1, 2, 5]) == (8, True)",
    ),
}
