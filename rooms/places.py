"""Names of countries and amenities, as code → label tables."""

COUNTRIES = {
    "AT": "Austria",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IT": "Italy",
    "KZ": "Kazakhstan",
    "NL": "Netherlands",
    "PT": "Portugal",
    "TR": "Türkiye",
    "US": "United States",
    "UZ": "Uzbekistan",
}

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
