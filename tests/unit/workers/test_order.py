"""The order of looks at the queues."""

from reconciler.sharding import queue_names
from workers.order import FAIR_EVERY, QueueOrder, prefer

ALL = [*queue_names("timer", 4), *queue_names("push", 4), *queue_names("person", 4)]


def an_order(worker: str = "w1", queues: list[str] = ALL) -> QueueOrder:
    prefer(worker, 4)
    order = QueueOrder()
    order.update(queues)
    return order


def test_a_person_comes_first_then_pushes_then_the_timer() -> None:
    look = an_order().consume(len(ALL))
    assert [name.partition(".")[0] for name in look] == ["person"] + ["push"] * 4 + ["timer"] * 4


def test_every_eighth_look_begins_with_the_timer() -> None:
    order = an_order()
    firsts = [order.consume(len(ALL))[0].partition(".")[0] for _ in range(2 * FAIR_EVERY)]
    assert firsts == (["person"] * (FAIR_EVERY - 1) + ["timer"]) * 2


def test_every_look_covers_every_queue() -> None:
    order = an_order()
    assert all(sorted(order.consume(len(ALL))) == sorted(ALL) for _ in range(FAIR_EVERY))


def test_workers_differ_in_the_shards_they_prefer() -> None:
    assert len({tuple(an_order(f"w{number}").consume(len(ALL))) for number in range(10)}) > 3


def test_only_queues_that_are_read_are_looked_at() -> None:
    assert an_order(queues=["person"]).consume(1) == ["person"]


def test_a_queue_outside_the_order_is_read_last() -> None:
    assert an_order(queues=["other", "person"]).consume(2) == ["person", "other"]
