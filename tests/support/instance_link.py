"""One question to an instance at its internal address, from a test that has no loop of its own.

    answer = ask("127.0.0.1:5602", secret, im.Promote(1))

Errors: TimeoutError when nothing comes.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from aurorapy.host.network import RealNetwork
from aurorapy.instance import messages as im


class _Random:
    bytes = staticmethod(os.urandom)


class _Question:
    def __init__(self, message: im.Message, answers: bool) -> None:
        self.message, self.answers = message, answers
        self.answer: asyncio.Future = asyncio.get_running_loop().create_future()

    def link_up(self, link: Any) -> None:
        link.send(*im.encode(self.message, 1))
        if not self.answers:
            asyncio.get_running_loop().call_later(0.05, self.answer.set_result, None)

    def link_frame(self, link: Any, frame: bytes) -> None:
        message, number = im.decode(frame)
        if number == 1 and not self.answer.done():
            self.answer.set_result(message)

    def link_lost(self, link: Any) -> None:
        pass


def ask(address: str, secret_file: Path, message: im.Message, seconds: float = 30, answers: bool = True) -> Any:
    """The answer; None for what is not answered."""

    async def work() -> Any:
        network = RealNetwork(asyncio.get_running_loop(), _Random, secret_file.read_text().strip().encode())
        question = _Question(message, answers)
        link = network.connect(address, question)
        try:
            return await asyncio.wait_for(question.answer, seconds)
        finally:
            link.close()
            network.close()

    return asyncio.run(work())
