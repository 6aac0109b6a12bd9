"""One sequential specification per service: apply(state, operation) gives the next state and the answer."""
