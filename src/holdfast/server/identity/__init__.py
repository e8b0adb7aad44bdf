"""Who is asking: credentials become a caller, on every request, for every transport.

door        the one function that turns a credential into a caller, and tells when it ends
admission   the middleware that asks it, before any route
asking      what routes take: the caller, and the user whose things are read or changed
keys, jwts  API keys, kept current; JWTs and the keys they are signed with
logins      the link that logs in once, in local mode
tickets     how a socket shows who it is
addresses   which names, origins and addresses the server answers to
limits      how much one user, one key and one address may ask for
"""
