"""Paging as every list takes it: `page` from 1, `page_size` up to 100."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    page: int
    page_size: int

    @property
    def offset(self) -> int:
        """How many rows come before it."""
        return (self.page - 1) * self.page_size


async def _page(
    page: Annotated[int, Query(ge=1, le=1_000_000, description="Which page, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=100, description="How many a page.")] = 20,
) -> Page:
    return Page(page, page_size)


ThePage = Annotated[Page, Depends(_page)]
