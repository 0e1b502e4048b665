"""What many complaints say together: clusters that grow (C17), and points of risk above what is usual (C26)."""
