"""The vocabulary of a tiny tokenizer: special tokens at the ids of a configuration, letters in the rest."""

import inspect
import re
import string
from dataclasses import dataclass
from typing import Any

from harness.suite.models.processors.configs import field, text_config, tree

STANDARD = ("pad", "unk", "cls", "sep", "mask", "bos", "eos")
"""Roles that every tokenizer has; one that the configuration gives no id takes a free one."""
SIZE_FIELDS = ("vocab_size", "text_vocab_size", "input_vocab_size", "n_vocab")
DEFAULT_SIZE = 256
"""Tokens for a model that reads characters by their code points, and so has no vocabulary (CANINE)."""
SPACE = "▁"
LETTERS = SPACE + string.ascii_lowercase + ".,?!'" + string.digits + string.ascii_uppercase + "<>[]|_:/-()\n"

ROLE_OF_FIELD = re.compile(r"^(\w+_token)_(?:id|index)$")
ROLE_READ = re.compile(r"tokenizer\.((?!add_)\w+_token)\b")
LITERAL = re.compile(r"""["'](<[^"'\s<>{}]+>|\[[A-Z_]+\]|\|[A-Z]+\|)["']""")

# Role that some processors read → the configuration's role that it is.
SAME = {"context_image_token": "image_token", "img_patch_token": "image_token"}
# Type → role → its text, where the processor writes another than the one it calls so.
TEXTS = {"ovis2": {"image_token": "<IMG_ATOM>"}, "fuyu": {"image_token": "|SPEAKER|"}}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Tokens with their ids, and which of them are special."""

    ids: dict[str, int]
    roles: dict[str, str]
    """Role, such as `image_token` → the text of its token."""
    literals: frozenset[str]
    """Tokens that the processor's code spells out."""


def make_vocabulary(config: Any, processor_class: type | None = None, letters: str = LETTERS) -> Vocabulary:
    """A vocabulary of the configuration's size with all that the processor looks for in one."""
    size = vocabulary_size(config)
    source = source_of(processor_class)
    ids, roles = _given(config, size, source)
    free = iter(sorted(set(range(size)) - set(ids.values())))
    for role in (*(f"{name}_token" for name in STANDARD), *sorted(set(ROLE_READ.findall(source)))):
        text = roles.setdefault(role, text_of(role, source))
        if text not in ids and (token := next(free, None)) is not None:
            ids[text] = token
    literals = sorted(set(LITERAL.findall(source)))
    for text in (*literals, *letters):
        if text not in ids and (token := next(free, None)) is not None:
            ids[text] = token
    ids |= {f"{SPACE}w{token}": token for token in free}
    return Vocabulary(ids, roles, frozenset(literals) & ids.keys())


def vocabulary_size(config: Any) -> int:
    """Tokens that the model has embeddings for."""
    size = field(text_config(config), *SIZE_FIELDS) or field(config, *SIZE_FIELDS)
    return int(size or DEFAULT_SIZE)


def special_ids(config: Any, size: int) -> dict[str, int]:
    """Role → id of every special token within the vocabulary that the tree of configurations names."""
    found: dict[str, int] = {}
    for part in tree(config):
        for name, value in vars(part).items():
            role = ROLE_OF_FIELD.match(name)
            first = value[0] if isinstance(value, list | tuple) and value else value
            if role and isinstance(first, int) and 0 <= first < size:
                found.setdefault(role[1], first)
    return found | {role: found[same] for role, same in SAME.items() if same in found}


def source_of(processor_class: type | None) -> str:
    """The code of the processor's module: it names the tokens that it looks for, and nothing else does."""
    module = inspect.getmodule(processor_class) if processor_class else None
    return inspect.getsource(module) if module else ""


def text_of(role: str, source: str) -> str:
    """The text that the code gives the role by default, so that what it spells out is found, too."""
    default = re.search(rf"\b{role}\b[^=\n]*=\s*(?:AddedToken\()?[\"'](\S+?)[\"']", source)
    return default[1] if default else f"<{role.removesuffix('_token')}>"


def _given(config: Any, size: int, source: str) -> tuple[dict[str, int], dict[str, str]]:
    """The configuration's own special tokens: text → id, and role → text; roles of one id share its text."""
    spelt = TEXTS.get(config.model_type, {})
    texts: dict[int, str] = {}
    roles: dict[str, str] = {}
    for role, token in special_ids(config, size).items():
        text = spelt.get(role) or text_of(role, source)
        taken = text in texts.values() and texts.get(token) != text
        roles[role] = texts.setdefault(token, f"<{role}>" if taken else text)
    return {text: token for token, text in texts.items()}, roles
