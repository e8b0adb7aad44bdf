"""Who is asking: credentials become a caller, on every request, for every transport."""
