"""The conversations that are going on: one core for every transport.

A turn belongs to its talk and not to the client that began it: whoever leaves, it goes on being
answered and recorded.
"""
