"""Names of amenities, as a code → label table."""

AMENITIES = {
    "wifi": "Wi-Fi",
    "breakfast": "Breakfast",
    "air_conditioning": "Air conditioning",
    "parking": "Parking",
    "pool": "Pool",
    "spa": "Spa",
    "gym": "Gym",
    "kitchen": "Kitchen",
    "balcony": "Balcony",
    "sea_view": "Sea view",
    "pets": "Pets welcome",
    "accessible": "Step-free access",
    "projector": "Projector",
    "whiteboard": "Whiteboard",
    "video_call": "Video conferencing",
    "coffee": "Coffee and tea",
    "materials": "Materials included",
}
