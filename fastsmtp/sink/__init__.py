"""The test receiver: a server that accepts, delays, defers or refuses mail, keeps it or hands it on."""
