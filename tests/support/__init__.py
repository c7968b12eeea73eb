"""What the tests share: sites, stand-ins and tools; every test imports it as `tests.support`."""
