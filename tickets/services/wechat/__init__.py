"""WeChat official accounts: messages in, customer-service messages out."""
