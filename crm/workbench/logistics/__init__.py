"""Pages of parcels, messages to customers, recalls and disruptions. They hold no rule; the services do."""
