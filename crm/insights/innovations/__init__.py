"""The register of innovations: idea, pilot, metric, result, cost, and the decision to keep, stop or scale."""
