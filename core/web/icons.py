"""The site's icons: shapes on a 24 × 24 grid, drawn with a stroke in the text's color."""

ICONS = {
    # the idea: a coin that rests between two brackets
    "hold": '<path d="M7 4H4v16h3M17 4h3v16h-3"/><circle cx="12" cy="12" r="3.5"/>',
    "door": '<path d="M5 21V11a7 7 0 0 1 14 0v10M3 21h18"/><circle cx="15" cy="14" r="1"/>',
    # actions
    "search": '<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>',
    "filter": '<path d="M4 6h16M7 12h10M10 18h4"/>',
    "arrow": '<path d="M4 12h15M13 6l6 6-6 6"/>',
    "left": '<path d="m14.5 5-7 7 7 7"/>',
    "right": '<path d="m9.5 5 7 7-7 7"/>',
    "down": '<path d="m5 9.5 7 7 7-7"/>',
    "close": '<path d="m6 6 12 12M18 6 6 18"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "minus": '<path d="M5 12h14"/>',
    "download": '<path d="M12 4v11M7 11l5 5 5-5M5 20h14"/>',
    "print": '<path d="M7 9V4h10v5M7 17H4v-7h16v7h-3M7 14h10v6H7z"/>',
    "refresh": '<path d="M20 12a8 8 0 1 1-2.6-5.9M20 3v4.5h-4.5"/>',
    "trash": '<path d="M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13"/>',
    "external": '<path d="M13 5h6v6M19 5l-9 9M16 14v5H5V8h5"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    # states
    "ok": '<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.8 2.7L16 9.5"/>',
    "no": '<circle cx="12" cy="12" r="8.5"/><path d="m9 9 6 6M15 9l-6 6"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 7.8v.2"/>',
    "warning": '<path d="M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.2"/>',
    "hourglass": '<path d="M7 3h10M7 21h10M8 3v4l4 5-4 5v4M16 3v4l-4 5 4 5v4"/>',
    "lock": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>',
    "shield": '<path d="M12 3 5 6v5c0 4.5 2.8 8 7 10 4.2-2 7-5.5 7-10V6z"/><path d="m9 12 2.2 2.2L15 10"/>',
    "bolt": '<path d="M13 3 5 14h6l-1 7 8-11h-6z"/>',
    "bell": '<path d="M6 17V11a6 6 0 0 1 12 0v6l1.5 1.5h-15zM10 21h4"/>',
    # things
    "calendar": '<rect x="4" y="5.5" width="16" height="15" rx="2.5"/><path d="M4 10h16M8.5 3v4M15.5 3v4"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.2 2"/>',
    "pin": '<path d="M12 21c4.5-4.6 6.5-8 6.5-11a6.5 6.5 0 0 0-13 0c0 3 2 6.4 6.5 11z"/>'
    '<circle cx="12" cy="10" r="2.2"/>',
    "users": '<circle cx="9" cy="8.5" r="3.2"/><path d="M3 19.5a6 6 0 0 1 12 0M15.5 5.6a3.2 3.2 0 0 1 0 5.8'
    'M17.5 14.6a6 6 0 0 1 3.5 4.9"/>',
    "user": '<circle cx="12" cy="8.5" r="3.8"/><path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>',
    "mail": '<rect x="3.5" y="5.5" width="17" height="13" rx="2.5"/><path d="m4.5 7.5 7.5 6 7.5-6"/>',
    "phone": '<path d="M6 4h3.5l1.5 4.5-2 1.5a12 12 0 0 0 5 5l1.5-2L20 14.500V18a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0'
    ' 0 1 2-2z"/>',
    "card": '<rect x="3" y="5.5" width="18" height="13" rx="2.5"/><path d="M3 10h18M7 15h4"/>',
    "receipt": '<path d="M6 3.5h12v17l-3-2-3 2-3-2-3 2zM9 8.500h6M9 12.500h6"/>',
    "key": '<circle cx="8" cy="15" r="4"/><path d="m11 12 8.5-8.500M16 7l2.5 2.500M13.5 9.500l2 2"/>',
    "size": '<path d="M4 9V4h5M20 15v5h-5M4 4l7 7M20 20l-7-7"/>',
    "photos": '<rect x="3.5" y="4.5" width="17" height="15" rx="2.5"/><path d="m4 16 4.5-4.5 4 4 2.5-2.5'
    ' 5 5"/><circle cx="15.5" cy="9" r="1.5"/>',
    "building": '<path d="M5 21V4h9v17M14 9h5v12M3 21h18M8 8h3M8 12h3M8 16h3"/>',
    "globe": '<circle cx="12" cy="12" r="8.5"/><path d="M3.5 12h17M12 3.500c-5 5.5-5 11.5 0 17 5-5.5'
    ' 5-11.5 0-17"/>',
    # ways to sell
    "hotel": '<path d="M3 19v-13M3 15h18v4M21 15v-2a3 3 0 0 0-3-3h-7v5"/><circle cx="7" cy="11.5" r="2"/>',
    "conference": '<rect x="3.5" y="4" width="17" height="10" rx="1.5"/><path d="M12 14v3M8 20l4-3 4 3"/>',
    "expert": '<path d="M4 5h16v11h-9l-4 4v-4H4z"/><path d="M8 9h8M8 12h5"/>',
    "workshop": '<path d="m4 20 9-9M14 4l6 6-3.5 1L13 7.500z"/><path d="M5 4v4M3 6h4"/>',
    # amenities
    "wifi": '<path d="M3 9.500a13 13 0 0 1 18 0M6 13a8.5 8.5 0 0 1 12 0M9 16.300a4.3 4.3 0 0 1 6 0M12 19.500v.1"/>',
    "breakfast": '<path d="M5 9h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10.500h2a2 2 0 0 1 0 5h-2M8.5 3v2.500M12.5 3v2.5"/>',
    "air_conditioning": '<path d="M12 3v18M4.2 7.500l15.6 9M19.8 7.500l-15.6 9M9.5 4.5 12 7l2.5-2.500M9.5 19.5'
    ' 12 17l2.5 2.5"/>',
    "parking": '<rect x="4" y="4" width="16" height="16" rx="3"/><path d="M10 17V7.500h3a3 3 0 0 1 0 6h-3"/>',
    "pool": '<path d="M3 17c2 0 2 1.5 4.5 1.500S10 17 12 17s2 1.5 4.5 1.500S19 17 21 17M8 14V6.500a2 2 0 0 1 4 0'
    'M15 14V6.500a2 2 0 0 1 4 0M8 10h7"/>',
    "spa": '<path d="M12 20c-5 0-8-3-8-8 3.5 0 6 1 8 4 2-3 4.5-4 8-4 0 5-3 8-8 8zM12 15c-2-3-2-7 0-11 2 4 2 8 0 11"/>',
    "gym": '<path d="M7 7v10M4 9.500v5M17 7v10M20 9.500v5M7 12h10"/>',
    "kitchen": '<path d="M7 3v7a2 2 0 0 0 2 2v9M5 3v5M9 3v5M11 3v7a2 2 0 0 1-2 2M17 21V3c-2.5 1.5-3.5 5-3 10h3"/>',
    "balcony": '<path d="M4 13h16M5 13v8M19 13v8M9.7 13v8M14.3 13v8M3 21h18M7 13V8a5 5 0 0 1 10 0v5"/>',
    "sea_view": '<circle cx="12" cy="9" r="3.5"/><path d="M12 2.500v1M5.5 9h-1M19.5 9h-1M3 16.500c2 0 2 1.5 4.5'
    ' 1.500S10 16.5 12 16.500s2 1.5 4.5 1.5 2.5-1.5 4.5-1.5"/>',
    "pets": '<circle cx="6" cy="11" r="1.8"/><circle cx="18" cy="11" r="1.8"/><circle cx="9.5" cy="6.5" r="1.8"/>'
    '<circle cx="14.5" cy="6.5" r="1.8"/><path d="M12 11.500c-3 0-5 3.5-5 5.500s2 2.5 5 2 5 0 5-2-2-5.5-5-5.500z"/>',
    "accessible": '<circle cx="12" cy="4.5" r="1.5"/><path d="M12 8v6h4l2.5 5M12 10.500h4M9.5 11.500a5 5 0 1 0 6 6"/>',
    "projector": '<rect x="3" y="8" width="18" height="9" rx="2"/><circle cx="15.5" cy="12.5" r="2.2"/>'
    '<path d="M6.5 11h4M6 17v2M18 17v2"/>',
    "whiteboard": '<rect x="3.5" y="4" width="17" height="11" rx="1.5"/><path d="M7 11c2-4 3 2 5-1s3-1 4.5-2M8 15l-2 5'
    'M16 15l2 5"/>',
    "video_call": '<rect x="3" y="7" width="12" height="10" rx="2"/><path d="m15 11 6-3v8l-6-3"/>',
    "coffee": '<path d="M5 9h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10.500h2a2 2 0 0 1 0 5h-2M8.5 3v2.500M12.5 3v2.5"/>',
    "materials": '<path d="M12 3 4 7v10l8 4 8-4V7zM4 7l8 4 8-4M12 11v10"/>',
}  # fmt: skip
