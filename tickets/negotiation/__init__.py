"""What the customer demands, what each way to settle costs, and offering step by step (C29, C30, G14)."""
