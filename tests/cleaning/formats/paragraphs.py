"""Texts for round trips: paragraphs of ordinary words in several scripts."""

from hypothesis import strategies as st

WORDS = st.sampled_from(
    'Emma Woodhouse, & <b> "so" 3 < 4 naïve Мир 吾輩は שלום snake_case_name Füße &amp; it\'s -- x. ]]>'.split()
)
PARAGRAPHS = st.lists(st.lists(WORDS, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=6)
