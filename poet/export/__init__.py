"""A model in other forms: the page that writes by itself."""
