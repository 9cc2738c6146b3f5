"""Sets Django up, brings PostgreSQL where it is needed, and hands over to the command line."""

import sys

from tests.simulation import django_setup

if __name__ == "__main__":
    django_setup.prepare(needs_database="db" in sys.argv)

    from tests.simulation.cli import main

    sys.exit(main(sys.argv[1:]))
