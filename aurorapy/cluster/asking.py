"""One question of a command to an instance, over a link of its own.

    answer = ask_once("127.0.0.1:5541", secret, ChangeNodes("add", "", "d1=d:127.0.0.1:5610"), seconds=60)

Errors: NoAnswer when the instance cannot be reached or takes too long; what was asked may happen all the same.

Not here: the leader's links, which stay (`links`).
"""

from __future__ import annotations

import asyncio
from typing import Any

from aurorapy.host import Link
from aurorapy.host.network import RealNetwork
from aurorapy.host.real import RealRandomness, new_event_loop
from aurorapy.instance import messages as im


class NoAnswer(Exception):
    """Nothing came in time."""


class _Question:
    def __init__(self, loop: Any, message: im.Message) -> None:
        self._message = message
        self._asked = False
        self.answer: Any = loop.create_future()

    def link_up(self, link: Link) -> None:
        if not self._asked:  # twice would be twice
            self._asked = True
            link.send(*im.encode(self._message, 1))

    def link_lost(self, link: Link) -> None:
        if self._asked and not self.answer.done():
            self.answer.set_exception(NoAnswer("the link broke before the answer came"))

    def link_frame(self, link: Link, frame: bytes) -> None:
        message, number = im.decode(frame)
        if number == 1 and not self.answer.done():
            self.answer.set_result(message)


def ask_once(address: str, secret: bytes, message: im.Message, seconds: float) -> im.Message:
    loop = new_event_loop()

    async def ask() -> im.Message:
        question = _Question(loop, message)
        link = RealNetwork(loop, RealRandomness(), secret).connect(address, question)
        try:
            return await asyncio.wait_for(question.answer, seconds)
        except asyncio.TimeoutError:
            raise NoAnswer(f"{address} did not answer within {seconds:g} s") from None
        finally:
            link.close()

    try:
        return loop.run_until_complete(ask())
    finally:
        loop.close()
