"""The demo: four weeks at an invented shop, told through the services of the product.

Every row is written by the service a person or a timer would have used, at the moment it
would have happened (`core.clock.at`), in the order of time. See `story.tell`.
"""
