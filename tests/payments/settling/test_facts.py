"""What the plan reads from the database."""

from concurrent.futures import ThreadPoolExecutor

from payments.settling import facts


def nested(_: int) -> int:
    """The identity of a query that is nested in the kept one."""
    return id(facts.kept.payments.query.annotations["disputed"].query)


def test_kept_query_is_one_a_thread_and_shared_by_none():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        seen = [nested(0), one.submit(nested, 0).result(), other.submit(nested, 0).result()]

        assert len(set(seen)) == 3
        assert seen == [nested(0), one.submit(nested, 0).result(), other.submit(nested, 0).result()]
