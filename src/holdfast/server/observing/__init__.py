"""What an operator sees of the server: its log lines, its figures, its traces, its health.

None of them holds anything that somebody said, a name, a credential, or a label that grows with
users: ids, codes, counts, durations and the templates of routes alone.

observer  what the parts of the server tell; the one object that is handed around
passages  one request from its first to its last byte, and the line about it
turns     one chat turn, and one call of a model
metrics   the figures, for Prometheus
tracing   the spans, for OpenTelemetry
wiring    what an application's observer looks at
health    whether this process can do its work
logs      how a line looks
"""
