"""After-sales: apply, accept, look at the goods, decide, carry out, tell the customer, be evaluated."""
