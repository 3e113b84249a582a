"""The command line: a thin shell that parses, shows events and prints. No decision about faces lives here."""
