"""Who booked what in the demo, and how it ended."""

from dataclasses import dataclass

GUEST = "guest"  # the demo's account; everyone else books without one


@dataclass(frozen=True)
class Story:
    """A booking to tell: of `room` for `units`, beginning `starts_in` days from today, at `hour` where it has one.

    `asked` is how many hours ago it was made. `ending` names a function of payments.demo.play.
    """

    key: str
    room: str
    ending: str
    starts_in: int
    units: int = 2
    guest: str = GUEST
    party_size: int = 2
    hour: int = 10
    asked: int = 0
    message: str = ""


# With money held or taken at the sandbox.
PAID = (
    Story("anniversary", "casa-do-miradouro/terrace-double", "awaiting", 12, 3,
          message="It is our tenth anniversary. Is the terrace quiet in the evening?"),
    Story("opera", "ringstrasse-residence/opera-double", "awaiting", 20, 2, guest="Amber Traveler",
          message="We arrive after the performance, around eleven. Will somebody be there?"),
    Story("board", "copperworks/crucible", "awaiting", 6, 3, guest="Birch Traveler", party_size=9, hour=13),
    Story("domes", "registan-courtyard/dome-view-suite", "awaiting", 16, 3, guest="Cedar Traveler"),
    Story("reading", "fernsby-house/library-double", "confirmed", 30, 4, party_size=1,
          message="Traveling for a conference at the British Library."),
    Story("river", "spreehof/river-loft", "confirmed", 9, 3, guest="Dahlia Traveler", party_size=4),
    Story("bay", "the-harborline/bay-king", "confirmed", 41, 2, guest="Elm Traveler"),
    Story("workshop-day", "fabrik-21/loom", "confirmed", 11, 4, guest="Fern Traveler", party_size=8, hour=9),
    Story("full-house", "casa-do-miradouro/family-room-graca", "declined", 25, 5, guest="Hazel Traveler",
          party_size=5, message="Could we bring two large dogs?"),
    Story("salon", "ringstrasse-residence/salon-suite", "withdrawn", 33, 2),
    Story("boiler", "spreehof/yard-studio", "refunded", 14, 2, guest="Iris Traveler"),
    Story("tram", "casa-do-miradouro/alfama-studio", "unpaid", 8, 5, party_size=1),
    Story("card", "fernsby-house/top-floor-attic", "unpaid", 18, 1, guest="Juniper Traveler"),
    Story("sprint", "techpark-yunusobod/orbit-hall", "agreed_and_paid", 13, 3, guest="Zinnia Traveler",
          party_size=12, hour=9),
    Story("pitch", "techpark-yunusobod/vector", "to_pay", 9, 2, party_size=6, hour=14,
          message="Could the board be wiped before we come?"),
    Story("garden", "chorsu-garden/garden-double", "left_early", 0, 1, guest="Laurel Traveler"),
    Story("garden", "fernsby-house/garden-square-double", "left_early", 0, 1, guest="Laurel Traveler"),
    Story("garden", "the-harborline/city-queen", "left_early", 0, 1, guest="Laurel Traveler"),
)  # fmt: skip

# Paid at the desk, free, or never paid: these need no provider.
UNPAID = (
    Story("desk-asked", "alfama-lofts/fado-loft", "asked", 15, 3, guest="Maple Traveler", party_size=3, asked=2),
    Story("lab", "techpark-yunusobod/sandbox-lab", "asked", 7, 3, guest="Yarrow Traveler", party_size=10, asked=3,
          message="We bring our own soldering irons."),
    Story("desk-agreed", "alfama-lofts/roof-loft", "agreed", 22, 4, asked=30),
    Story("desk-past", "alfama-lofts/blue-tile-loft", "stayed", -24, 5, asked=40 * 24),
    Story("desk-past-2", "alfama-lofts/stair-loft", "stayed", -11, 3, guest="Olive Traveler", asked=20 * 24),
    Story("desk-past-3", "alfama-lofts/roof-loft", "stayed", -8, 4, guest="Poppy Traveler", asked=26 * 24,
          party_size=4),
    Story("desk-declined", "alfama-lofts/blue-tile-loft", "turned_down", -2, 2, asked=9 * 24,
          message="We would like to check in at seven in the morning."),
    Story("desk-silence", "alfama-lofts/stair-loft", "unanswered", 6, 2, guest="Rowan Traveler", asked=5 * 24),
    Story("desk-cancelled", "alfama-lofts/fado-loft", "called_off", 28, 3, guest="Sage Traveler", asked=7 * 24),
    Story("forgotten", "casa-do-miradouro/river-suite", "forgotten", 19, 2, asked=3 * 24),
    Story("study", "offene-bibliothek/study-room-one", "instant", 3, 2, party_size=4, hour=14, asked=5),
    Story("study-past", "offene-bibliothek/study-room-two", "attended", -6, 2, hour=10, asked=8 * 24),
    Story("circle", "mission-commons/front-porch", "instant", 5, 2, guest="Tansy Traveler", party_size=6,
          hour=18, asked=20),
    Story("lease", "offene-bibliothek/tenant-advice-hour", "instant", 4, 1, guest="Violet Traveler",
          party_size=1, hour=11, asked=12),
    Story("clay", "atelier-baixa/clay-for-beginners", "instant", 0, 1, asked=4),
    Story("print", "atelier-baixa/open-print-table", "instant", 0, 1, guest="Willow Traveler", party_size=4,
          asked=26),
)  # fmt: skip
