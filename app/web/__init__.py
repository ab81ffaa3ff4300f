"""The page: FastAPI, Jinja2, htmx and server-sent events; the only package of the app that knows them.

Handles speech in clear, in memory, for as long as an answer takes. Every page has one frozen context class, every
route says whether it needs somebody signed in, and nothing here can start a recording.
"""
