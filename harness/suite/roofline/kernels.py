"""What accelerators are asked for by kernels of our own, in Triton: copy, read and multiply.

A framework's copy or product may be far from what the device can do, and nothing would show it; two that
agree are a ceiling. The kernels are the textbook ones: blocks of consecutive elements, and the tiled product
whose tiles go in groups that share the cache (P. Tillet, H. T. Kung and D. Cox, "Triton: an intermediate
language and compiler for tiled neural network computations", MAPL 2019; Triton's tutorials 1 and 3).

Pointers and sizes have no annotation, because Triton would take it for a name that the kernel uses.

To import this module takes Triton, which the cpu image does not have: `accelerators` imports it when it must.
"""

import triton
import triton.language as tl


@triton.jit
def copy_kernel(source, target, count, block: tl.constexpr) -> None:
    """A block of `source` to the same place of `target`, both of `count` elements."""
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    tl.store(target + at, tl.load(source + at, mask=at < count), mask=at < count)


@triton.jit
def read_kernel(source, sums, count, block: tl.constexpr, blocks: tl.constexpr) -> None:
    """The float32 sum of `blocks` blocks of `source` (`count` elements) to this program's place of `sums`."""
    program = tl.program_id(0)
    first = program.to(tl.int64) * block * blocks
    total = tl.zeros((block,), dtype=tl.float32)
    for place in range(blocks):
        at = first + place * block + tl.arange(0, block)
        total += tl.load(source + at, mask=at < count, other=0.0).to(tl.float32)
    tl.store(sums + program, tl.sum(total, axis=0))


@triton.jit
def product_kernel(  # noqa: PLR0917 — pointers and sizes have an order in every kernel
    left,
    right,
    out,
    rows,
    columns,
    inner,
    high: tl.constexpr,
    wide: tl.constexpr,
    deep: tl.constexpr,
    group: tl.constexpr,
) -> None:
    """A `high` by `wide` tile of `out` (rows, columns): `left` (rows, inner) by `right` (columns, inner)ᵀ.

    All are stored row by row. Sums are kept in float32, and float32 operands are not rounded to TF32.
    """
    program = tl.program_id(0)
    tiles_high, tiles_wide = tl.cdiv(rows, high), tl.cdiv(columns, wide)
    first = program // (group * tiles_wide) * group
    in_group = min(tiles_high - first, group)
    at_row = (first + program % (group * tiles_wide) % in_group) * high + tl.arange(0, high)
    at_column = program % (group * tiles_wide) // in_group * wide + tl.arange(0, wide)
    rows_inside, columns_inside = (at_row < rows)[:, None], (at_column < columns)[None, :]

    step = tl.arange(0, deep)
    from_left = left + at_row[:, None].to(tl.int64) * inner + step[None, :]
    from_right = right + at_column[None, :].to(tl.int64) * inner + step[:, None]
    total = tl.zeros((high, wide), dtype=tl.float32)
    for done in range(0, inner, deep):
        more = step < inner - done
        a = tl.load(from_left + done, mask=rows_inside & more[None, :], other=0.0)
        b = tl.load(from_right + done, mask=columns_inside & more[:, None], other=0.0)
        total = tl.dot(a, b, total, input_precision="ieee")
    to = out + at_row[:, None].to(tl.int64) * columns + at_column[None, :]
    tl.store(to, total.to(out.dtype.element_ty), mask=rows_inside & columns_inside)
