"""/api/v1/after-sales/ and /api/v1/refunds/"""
