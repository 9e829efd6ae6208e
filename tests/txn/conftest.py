import pytest

from aurorapy.host.real import RealHost
from tests.support.memory_volume import make_env


@pytest.fixture
def env(tmp_path):
    host = RealHost(tmp_path)
    yield make_env(256, host=host)
    host.close()


@pytest.fixture
def run(env):
    """Runs functions as tasks of their own, in order; returns their results when all have ended."""

    def run(*works):
        tasks = env.host.tasks

        def main():
            jobs = [tasks.spawn(work, name=f"task {n}") for n, work in enumerate(works, 1)]
            for job in jobs:
                job.join(5)
            for job in jobs:
                if job.error is not None:
                    raise job.error
            return [job.result for job in jobs]

        return tasks.run(main)

    return run
