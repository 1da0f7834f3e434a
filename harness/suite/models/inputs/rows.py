"""Values of arguments: put on a device, and rows of them together to a batch."""

from collections.abc import Mapping
from typing import Any

import torch


def placed(value: Any, device: str | torch.device | None = None, dtype: torch.dtype | None = None) -> Any:
    """A tensor on the device, its floating-point numbers in `dtype`; what is no tensor as it is."""
    if not isinstance(value, torch.Tensor):
        return value
    return value.to(device=device, dtype=dtype if value.is_floating_point() else None)


def collate(rows: list[dict[str, Any]], joined: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Rows as one batch: tensors along their first dimension, lists one after another.

    The rest as in the first row.

    Tuples and mappings (keys and values of layers) are joined entry by entry.
    `joined`: argument → the dimension along which it is, where that is another.
    """
    batch = dict(rows[0])
    for name, value in batch.items():
        if isinstance(value, torch.Tensor) and value.dim():
            batch[name] = torch.cat([row[name] for row in rows], dim=(joined or {}).get(name, 0))
        elif isinstance(value, list):
            batch[name] = [entry for row in rows for entry in row[name]]
        elif isinstance(value, tuple):
            columns = ({str(i): entry for i, entry in enumerate(row[name])} for row in rows)
            batch[name] = tuple(collate(list(columns)).values())
        elif isinstance(value, Mapping):
            batch[name] = collate([row[name] for row in rows])
    return batch
