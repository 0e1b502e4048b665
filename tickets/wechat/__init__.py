"""WeChat official accounts as the platform documents them: signatures, AES mode, messages. Imports no Django."""
