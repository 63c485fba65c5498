"""Plays cells with the blocking and with the asynchronous client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from inspect import isawaitable

import anyio
from fault_cells import Cell, Ground, Judged, Run, listed
from fault_judging import judge
from fault_line import Aim, async_line, line

from portraitkit.client.client import AsyncClient, Client


def play(ground: Ground, cells: Sequence[Cell]) -> list[Judged]:
    """Play the cells of one vendor and one fault with the blocking client."""
    judged: list[Judged] = []
    aim = Aim(ground.places)
    with line(aim, *(each.fault.route for each in cells[:1])) as wire:
        for cell in cells:
            bench = ground.furnish(cell.vendor)
            run = Run(cell.fault, bench, aim, cell.job)
            aim.at(cell.fault, cell.first, lasting=cell.lasting)
            try:
                result = listed(cell.job.call(run.client(Client, wire), bench.stuff))
            except Exception as error:  # noqa: BLE001  (what comes out is what is judged)
                result = error
            judged.append(judge(ground, cell, aim, run, result))
    return judged


def play_async(ground: Ground, cells: Sequence[Cell], backend: str) -> list[Judged]:
    """Play them with the asynchronous client."""

    async def all_of_them() -> list[Judged]:
        judged: list[Judged] = []
        aim = Aim(ground.places)
        async with async_line(aim, *(each.fault.route for each in cells[:1])) as wire:
            for cell in cells:
                bench = ground.furnish(cell.vendor)
                run = Run(cell.fault, bench, aim, cell.job)
                aim.at(cell.fault, cell.first, lasting=cell.lasting)
                try:
                    result = cell.job.call(run.client(AsyncClient, wire), bench.stuff)
                    if isinstance(result, AsyncIterator):
                        result = [each async for each in result]
                    elif isawaitable(result):
                        result = await result
                except Exception as error:  # noqa: BLE001  (what comes out is what is judged)
                    result = error
                judged.append(judge(ground, cell, aim, run, result))
        return judged

    return anyio.run(all_of_them, backend=backend)
