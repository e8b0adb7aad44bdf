"""The library's face: accounts, users, sessions, recall. No SQL, no cryptography, no HTTP here."""
