"""Where the passages of a text come from. The files in the order in which they explain each other:

1. index: what a suffix array is, and the files of an index.
2. utf8, normalise: characters of bytes; the view of a text in which near copies are equal.
3. build_index: how the files are written.
4. search, matching: binary search for many passages at once; the longest match from every character of a text.
5. headings, furniture, words: what of a text is running text, and where its words end.
6. surprise, spans: the spans of a text with their sources, ranked.
7. token_prefixes, guard: generation that does not copy.
"""
