"""The outermost room: the command line and the web application."""
