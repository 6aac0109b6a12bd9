"""The world: all that is outside the services, under the control of a schedule."""
