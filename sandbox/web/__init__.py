"""The sandbox over HTTP: one server for every provider, the control calls and the pages."""
