"""What settles complaints and keeps customers: methods compared, remedies against none, after-sales judged."""
