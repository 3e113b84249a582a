"""The local web studio: a thin shell over `jobs`, in a browser.

A room of the studio is one file in `rooms/` (what it asks of the library) and one folder in `web/rooms/` (what
a person sees). Whatever is done here, a command does too; no decision about faces lives here.
"""
