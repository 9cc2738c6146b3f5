"""What runs the house: services, processes, browser. Imports none of the apps."""
