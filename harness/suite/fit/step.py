"""What a decode step reads of the weights, seen on the meta device: a tower or an encoder is not run again.

Nor are the keys and values of cross attention made again. Rows of a table are not counted, the table of a
tied head is. Where a step cannot be run without values, everything is counted but tables and an encoder.
"""

from contextlib import suppress
from typing import Any

from harness.results.sheet import Step
from harness.suite.fit.experts import holders, routed
from harness.suite.fit.kept import SHORT, cache_of, prompt, without_values
from harness.suite.fit.parameters import head_of, matrices, tables
from harness.suite.roofline.observe import Observer

ENCODED = "encoder_last_hidden_state"


class _Seen(Observer):
    """Which weights were read whole."""

    def whole(self) -> set[int]:
        """Identities; of a table a gather reads rows, and so less."""
        return {weight for weight, read in self._read.items() if read >= self._weights[weight].nbytes}


def step(model: Any) -> Step:
    """Of a model that generates, on the meta device; it is left as it was."""
    try:
        read, seen = _read(model), True
    except Exception:  # noqa: BLE001 — whatever a model's code raises that needs values
        read, seen = _all_but_tables(model), False
    experts = {id(p) for holder in holders(model) for p in holder.parameters()}
    groups = routed(model, among=read)
    # Where a configuration does not say how many are chosen, all are read.
    alone = read - experts if groups else read
    multiplied = [p for p in matrices(model) if id(p) in alone]
    whole = sum(p.numel() for p in model.parameters() if id(p) in alone)
    elements = sum(p.numel() for p in multiplied)
    return Step(
        matrices=elements,
        rows=sum(p.shape[:-1].numel() for p in multiplied),
        rest=whole - elements,
        experts=groups,
        seen=seen,
    )


def _read(model: Any) -> set[int]:
    """What the forward of one token after a prompt reads."""
    first = prompt(model, SHORT)
    with without_values(model):
        outputs = model(**first, use_cache=True)
        name, cache = cache_of(outputs)
        following = prompt(model, 1) if cache is not None else first
        if cache is not None:
            following |= {name: cache}
        if model.config.is_encoder_decoder:
            # The library takes an encoder's output as a tuple.
            following = {n: v for n, v in following.items() if n != "input_ids"}
            following["encoder_outputs"] = (outputs[ENCODED],)
        with _Seen(model) as seen:
            model(**following, use_cache=True)
    return seen.whole()


def _all_but_tables(model: Any) -> set[int]:
    encoder = None
    if model.config.is_encoder_decoder:
        with suppress(AttributeError, NotImplementedError):  # a model of parts of its own
            encoder = model.get_encoder()
    unread = tables(model).keys() - head_of(model).keys()
    unread |= {id(p) for p in encoder.parameters()} - head_of(model).keys() if encoder is not None else set()
    return {id(p) for p in model.parameters()} - unread
