"""Where books come from. Each module knows one kind of source and yields its books as they are served."""
