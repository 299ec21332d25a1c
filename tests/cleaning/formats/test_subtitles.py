"""SRT and VTT: what is said, without times, numbers and tags."""

import time

from hypothesis import given
from hypothesis import strategies as st

from poet.cleaning.formats.subtitles import srt_to_text, vtt_to_text

SRT = """1
00:00:01,000 --> 00:00:02,000
<i>It was</i> the <font color="red">best</font>
{\\an8}of {all}

2
00:00:02,100 --> 00:00:03,000
times &amp; worst.

3
00:00:03,500 --> 00:00:06,000
- Who is <b>there</b>?
- 3 < 4 > 2.

4
00:01:00,000 --> 00:01:02,000
1984

"""

VTT = """WEBVTT - title
Kind: captions

STYLE
::cue {color: red}

NOTE a comment
over lines

intro
00:01.000 --> 00:02.000 align:start position:0%
<v Roger>Hello <c.yellow>there</c>

second one
00:02.000 --> 00:04.000
Hello there
my<00:02.500><c> friend</c> &lt;b&gt;.

NOTE the end

00:00:10.000 --> 00:00:12.000
End.
"""


def test_srt():
    assert srt_to_text(SRT) == "It was the best of {all} times & worst.\n- Who is there?\n- 3 < 4 > 2.\n\n1984\n"


def test_vtt_without_notes_styles_and_rolling_lines():
    assert vtt_to_text(VTT) == "Hello there my friend <b>.\n\nEnd.\n"


def test_lines_without_blanks_between_words_are_joined_without():
    assert srt_to_text("1\n00:00:01,000 --> 00:00:02,000\n吾輩は\n猫である\n") == "吾輩は猫である\n"


def test_no_subtitle_is_no_text():
    assert srt_to_text("no subtitle").strip() == vtt_to_text("WEBVTT").strip() == ""


def test_time_is_linear():
    start = time.perf_counter()
    times = [f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(10_000)]
    srt_to_text("".join(f"{n}\n{at},000 --> {at},900\nwords without end\n\n" for n, at in enumerate(times)))
    assert time.perf_counter() - start < 5


@given(st.lists(st.sampled_from(["One.", "two", "- Three!", "Мир", "1984", "snake_case"]), max_size=8))
def test_every_word_is_kept_and_no_number_or_time(lines):
    cues = [f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},500\n{line}\n" for n, line in enumerate(lines, start=1)]
    assert srt_to_text("\n".join(cues)).split() == " ".join(lines).split()
