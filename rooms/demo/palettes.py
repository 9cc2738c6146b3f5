"""Colors that go together: one palette a venue, and the hours of the day outside its windows."""

from dataclasses import dataclass

from rooms.demo.canvas import Color, mix


@dataclass(frozen=True)
class Hour:
    """The sky outside, from top to horizon, and whether lamps are lit."""

    top: Color
    bottom: Color
    ink: Color
    is_dark: bool = False
    has_sun: bool = True

    def at(self, nearness: float) -> Color:
        """Return the color of a silhouette: 0 lost in the haze, 1 right before the window."""
        return mix(self.bottom, self.ink, 0.16 + 0.62 * nearness)


HOURS = {
    "morning": Hour("#a9cfe4", "#fbe9cf", "#54788f"),
    "noon": Hour("#7fb9dc", "#e3f1f2", "#3f6f86"),
    "golden": Hour("#f2a66f", "#fde3b0", "#8a4f4a"),
    "dusk": Hour("#4b4a7d", "#f0a58f", "#37294f", is_dark=True),
    "night": Hour("#16213e", "#3c4f7c", "#0c1226", is_dark=True),
    "cloudy": Hour("#b7c4cd", "#e9ecec", "#6b7d88", has_sun=False),
}


@dataclass(frozen=True)
class Palette:
    """What a venue's rooms are painted in."""

    wall: Color
    panel: Color
    floor: Color
    wood: Color
    textile: Color
    accent: Color
    linen: Color = "#fbf6ec"
    ink: Color = "#33292b"
    leaf: Color = "#5d8262"
    pattern: str = "plain"  # plain, panels, tiles, bricks, stripes


PALETTES = {
    "terracotta": Palette("#f2dcc4", "#d58a64", "#c08457", "#8a4f31", "#c4543b", "#4f8a8b", pattern="panels"),
    "harbor": Palette("#dfe8ea", "#33546a", "#cba67f", "#7d5c44", "#e07a5f", "#3d5a80", pattern="panels"),
    "lapis": Palette("#f1e5cd", "#23608f", "#b48a5e", "#7a4a2a", "#d9a13d", "#1f8a8c", pattern="tiles"),
    "chorsu": Palette("#e4ecdf", "#3f7561", "#bf9468", "#75492f", "#dfa93a", "#b5523b", pattern="tiles"),
    "imperial": Palette("#efe3e1", "#7b4a63", "#b98f6a", "#6a4130", "#8c2f4a", "#c39a5b", pattern="panels"),
    "fernsby": Palette("#48645a", "#35493f", "#93704f", "#5d3d28", "#c49a5a", "#a9483f", pattern="panels"),
    "spree": Palette("#d8d6cf", "#a9a59c", "#a08f7c", "#5e5148", "#e8ab2e", "#35506b"),
    "azulejo": Palette("#f4f1ea", "#2f6ca3", "#c99e72", "#8b5e3c", "#f0bd4a", "#d0674d", pattern="tiles"),
    "copper": Palette("#eae0d6", "#b26b3e", "#9c7a5c", "#5c3c2a", "#2f6065", "#b26b3e", pattern="stripes"),
    "fabrik": Palette("#b96a50", "#9c543d", "#7d6c60", "#463730", "#e6d3a5", "#4d7182", pattern="bricks"),
    "mission": Palette("#fbe6cf", "#ef9c55", "#cfa376", "#8f5f3f", "#4f8f7c", "#bb4a50"),
    "tech": Palette("#e4eaf1", "#4d72a8", "#b7b3ad", "#5b5f6b", "#ee6c3c", "#2f4a73", pattern="stripes"),
    "library": Palette("#f3ecdf", "#7da081", "#bd9365", "#7e5637", "#e2996b", "#41696b", pattern="panels"),
    "atelier": Palette("#fbf0e4", "#dcbf98", "#cda57a", "#93653f", "#6689ad", "#cf6f54"),
    "counsel": Palette("#34495c", "#293a4a", "#8e6b4d", "#5a3d2b", "#cf9f5f", "#6f9a8d", pattern="panels"),
}
