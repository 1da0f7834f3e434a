"""Tables as this project prints them."""

from rich.box import SIMPLE_HEAD
from rich.table import Table


def plain_table(*headings: str, gap: int = 1) -> Table:
    """No lines but one below the headings: eleven checks fit in eighty columns."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, gap - 1, 0, 0))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
