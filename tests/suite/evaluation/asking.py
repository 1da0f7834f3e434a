"""Asking a checkpoint in a folder through lm_eval, as the engine does."""

from pathlib import Path
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM


def asker(folder: Path, model_class: Any = None, **arguments: Any) -> Any:
    """lm_eval's model of the folder, loaded by the row's own class where one is given."""
    own = type("Own", (HFLM,), {"AUTO_MODEL_CLASS": model_class})
    backend = "default" if model_class is None else "causal"
    given = {"device": "cpu", "dtype": "float32", "batch_size": 2} | arguments
    return own(pretrained=str(folder), backend=backend, **given)


def likelihoods(lm: Any, pairs: list[tuple[str, str]]) -> list[tuple[float, bool]]:
    """Of each (context, continuation) the log probability, and whether it is what greedy decoding gives."""
    asked = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    return list(lm.loglikelihood(asked, disable_tqdm=True))


def generated(lm: Any, contexts: list[str], *, tokens: int = 8, **settings: Any) -> list[str]:
    """What each context is continued with."""
    settings = {"until": [], "max_gen_toks": tokens, "do_sample": False} | settings
    asked = [Instance("generate_until", {}, (context, settings), 0) for context in contexts]
    return list(lm.generate_until(asked, disable_tqdm=True))
