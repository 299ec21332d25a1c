"""DVC remotes, tried before a team relies on them: does one object get there and back, and if not, why?"""
