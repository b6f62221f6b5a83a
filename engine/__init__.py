"""Huiyin 回音 runs a property company's service plan."""

__version__ = "0.1.0"
