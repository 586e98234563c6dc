"""Several networks beside each other: two that are compared, and what comes and goes over training."""
