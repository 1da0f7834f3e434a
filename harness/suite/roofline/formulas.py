"""Floating-point operations of the functions that models are made of, by the shapes of their operands.

A term of a sum is a multiplication and an addition: two operations. An (m, k) by (k, n) product is so 2·m·k·n
(Golub and Van Loan, "Matrix Computations", 4th ed., 1.1.15), and a weight matrix costs two operations a
parameter and position (Kaplan et al. 2020, "Scaling laws for neural language models", arXiv:2001.08361,
section 2.1). Biases, norms, activations, softmax and rotary embeddings are left out, as they are there: they
grow with the width and not with its square.
"""

import string
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch

Formula = Callable[[Sequence[Any], Mapping[str, Any], Any], int]
"""Positional arguments, keyword arguments and result of a call → operations."""


def _operand(place: int, name: str) -> Callable[[Sequence[Any], Mapping[str, Any]], Any]:
    return lambda args, kwargs: args[place] if len(args) > place else kwargs[name]


_first, _second = _operand(0, "input"), _operand(1, "weight")


def _linear(args: Sequence[Any], kwargs: Mapping[str, Any], _: Any) -> int:
    """2 × positions × inputs × outputs."""
    weight = _second(args, kwargs)
    return 2 * _positions(_first(args, kwargs)) * weight.numel()


def _product(place: int, name: str = "input") -> Formula:
    """2 × elements of the result × length of the sum; `place` and `name` are the left operand's."""
    left = _operand(place, name)
    return lambda args, kwargs, out: 2 * out.numel() * left(args, kwargs).shape[-1]


def _summed_product(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """As `_product`, of batches whose products are added up (addbmm): each is computed all the same."""
    left, right = args[1], args[2]
    return 2 * left.numel() * right.shape[-1]


def _reversed_product(args: Sequence[Any], _: Mapping[str, Any], out: Any) -> int:
    """`right.__rmatmul__(left)`."""
    return 2 * out.numel() * args[1].shape[-1]


def _convolution(args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> int:
    """Each element of the result is a sum over its group's input channels and the kernel.

    Weight: (out channels, in channels / groups, *kernel); Dumoulin and Visin 2016, arXiv:1603.07285, ch. 1.
    """
    weight = _second(args, kwargs)
    return 2 * out.numel() * weight[0].numel()


def _transposed_convolution(args: Sequence[Any], kwargs: Mapping[str, Any], _: Any) -> int:
    """Each element of the input is spread over its group's output channels and the kernel (ibid., ch. 4).

    Weight: (in channels, out channels / groups, *kernel).
    """
    weight = _second(args, kwargs)
    return 2 * _first(args, kwargs).numel() * weight[0].numel()


def _attention(args: Sequence[Any], kwargs: Mapping[str, Any], _: Any) -> int:
    """2 × rows × heads × queries × keys × (width of a key + width of a value).

    With both widths Q, H heads and T keys this is the 4·H·Q·T a token and layer of the forward pass in
    Chowdhery et al. 2022, "PaLM", arXiv:2204.02311, appendix B (12·L·H·Q·T with the backward pass). As there,
    a causal or sliding mask takes nothing off.
    """
    query, key, value = (_operand(i, n)(args, kwargs) for i, n in enumerate(("query", "key", "value")))
    pairs = prod(query.shape[:-1]) * key.shape[-2]
    return 2 * pairs * (query.shape[-1] + value.shape[-1])


def _attention_module(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """What `torch.nn.MultiheadAttention` does: four projections and `_attention`.

    Query, key and value: (tokens, rows, width).
    """
    query, key, value = args[:3]
    rows, width = query.shape[1], query.shape[-1]
    into = sum(tensor.numel() * width for tensor in (query, key, value))
    pairs = rows * query.shape[0] * key.shape[0]
    return 2 * (into + query.numel() * width) + 4 * pairs * width


def _recurrent(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """Every matrix of the stack multiplies every position: lstm(input, states, weights, …)."""
    weights = next(
        argument for argument in args[1:] if isinstance(argument, list | tuple) and len(argument) > 2
    )
    return 2 * _positions(args[0]) * sum(weight.numel() for weight in weights if weight.dim() == 2)


def _recurrent_cell(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """One position of a recurrent layer: lstm_cell(input, states, weight of input, weight of state, …)."""
    return 2 * _positions(args[0]) * (args[2].numel() + args[3].numel())


def _grouped_product(args: Sequence[Any], _: Mapping[str, Any], out: Any) -> int:
    """Rows sorted by expert, each multiplied by its own expert's matrix: (rows, k) by (experts, k, n)."""
    return 2 * out.numel() * args[0].shape[-1]


def _einsum(args: Sequence[Any], _: Mapping[str, Any], __: Any) -> int:
    """Operands contracted from left to right: two operations for each element of both operands' labels."""
    equation, *operands = args
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = list(operands[0])
    terms, result = _labels(equation, operands)
    sizes = {
        label: size
        for term, operand in zip(terms, operands, strict=True)
        for label, size in zip(term, operand.shape, strict=True)
        if size != 1
    }
    total, have = 0, set(terms[0])
    for place, term in enumerate(terms[1:], start=2):
        have |= set(term)
        total += 2 * prod(sizes.get(label, 1) for label in have)
        have &= set(result).union(*terms[place:])
    return total


def _labels(equation: str, operands: Sequence[torch.Tensor]) -> tuple[list[str], str]:
    """Labels of each operand and of the result, an ellipsis written out in labels of its own."""
    left, _, result = equation.replace(" ", "").partition("->")
    spare = [letter for letter in string.ascii_letters if letter not in equation]
    terms, longest = [], 0
    for term, operand in zip(left.split(","), operands, strict=True):
        hidden = operand.dim() - len(term.replace("...", "")) if "..." in term else 0
        longest = max(longest, hidden)
        terms.append(term.replace("...", "".join(spare[:hidden][::-1])))
    if "->" not in equation:
        seen = "".join(terms)
        result = "".join(sorted(label for label in set(seen) if seen.count(label) == 1))
    return terms, result.replace("...", "".join(spare[:longest][::-1]))


def _positions(tensor: torch.Tensor) -> int:
    """Elements of all dimensions but the last."""
    return prod(tensor.shape[:-1])


FORMULAS: dict[str, Formula] = {
    "linear": _linear,
    **dict.fromkeys(("matmul", "__matmul__", "mm", "bmm", "mv", "_int_mm", "_scaled_mm"), _product(0)),
    "addmm": _product(1, "mat1"),
    "addmv": _product(1, "mat"),
    "baddbmm": _product(1, "batch1"),
    "addbmm": _summed_product,
    "__rmatmul__": _reversed_product,
    "einsum": _einsum,
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed_convolution),
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _attention_module,
    **dict.fromkeys(("lstm", "gru", "rnn_tanh", "rnn_relu"), _recurrent),
    **dict.fromkeys(("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell"), _recurrent_cell),
    **dict.fromkeys(("_grouped_mm", "grouped_mm"), _grouped_product),
}
"""Name of a function of torch → its formula; what is not here costs nothing that counts."""
