"""A long call is one greenlet's: who runs while it has given way is not interrupted for it."""

from greenlet import getcurrent, greenlet

from aurorapy.host.preemption import long_call, tick


def ticked(frame=None, may_switch=lambda frame: False):
    """Whether a signal now would let others run."""
    gave = []
    tick(frame, lambda: gave.append(1), may_switch)
    return bool(gave)


def test_only_inside_a_long_call():
    assert not ticked()
    assert long_call(ticked)
    assert not ticked()


def test_where_the_frame_may_be_left():
    assert ticked("a plan's", lambda frame: frame == "a plan's")


def test_a_long_call_within_another_does_not_end_it():
    assert long_call(lambda: (long_call(ticked), ticked())) == (True, True)


def test_giving_way_is_not_interrupted():
    seen = []
    long_call(lambda: tick(None, lambda: seen.append(ticked()), lambda frame: False))
    assert seen == [False]


def test_a_long_call_that_gives_way_itself_leaves_others_alone():
    hub = getcurrent()
    found = []

    def work():
        hub.switch()  # as give_way() does
        found.append(ticked())

    one = greenlet(lambda: long_call(work))
    one.switch()
    found.append(ticked())
    one.switch()
    found.append(ticked())
    assert found == [False, True, False]
