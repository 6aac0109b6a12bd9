"""The services and the facts that they share."""
