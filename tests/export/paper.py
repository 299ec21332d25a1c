"""Pages to test with: the real page around an engine that is scripted (scripted_engine.js)."""

from pathlib import Path
from typing import Any

from poet.export.page_template import json_block, render_poet_page
from poet.files import write_text
from tests.report.shelf import HOSTILE

HERE = Path(__file__).parent

BOOKS = {
    "Hamlet": """HAMLET
To be, or not to be, that is the question:
Whether 'tis nobler in the mind to suffer
The slings and arrows of outrageous fortune,
Or to take arms against a sea of troubles,
And by opposing end them. To die, to sleep,
No more; and by a sleep to say we end
The heart-ache, and the thousand natural shocks
That flesh is heir to: 'tis a consummation
Devoutly to be wish'd. To die, to sleep.
""",
    "Macbeth": """MACBETH
To-morrow, and to-morrow, and to-morrow,
Creeps in this petty pace from day to day,
To the last syllable of recorded time;
And all our yesterdays have lighted fools
The way to dusty death. Out, out, brief candle!
Life's but a walking shadow, a poor player
That struts and frets his hour upon the stage,
And then is heard no more.
""",
    "King Richard the Third": """GLOUCESTER
Now is the winter of our discontent
Made glorious summer by this sun of York;
And all the clouds that lour'd upon our house
In the deep bosom of the ocean buried.
Now are our brows bound with victorious wreaths;
Our bruised arms hung up for monuments;
""",
    "A Midsummer Night's Dream": """LYSANDER
Ay me! for aught that I could ever read,
Could ever hear by tale or history,
The course of true love never did run smooth;
But either it was different in blood,
And by a sleep to say the lovers and the madmen
Have such seething brains, such shaping fantasies.
""",
    "The Tempest": """PROSPERO
Our revels now are ended. These our actors,
As I foretold you, were all spirits and
Are melted into air, into thin air:
And, like the baseless fabric of this vision,
We are such stuff
As dreams are made on, and our little life
Is rounded with a sleep.
""",
    "Julius Caesar": """ANTONY
Friends, Romans, countrymen, lend me your ears;
I come to bury Caesar, not to praise him.
The evil that men do lives after them;
The good is oft interred with their bones;
So let it be with Caesar. The noble Brutus
Hath told you Caesar was ambitious:
""",
    "As You Like It": """JAQUES
All the world's a stage,
And all the men and women merely players:
They have their exits and their entrances;
And one man in his time plays many parts,
His acts being seven ages.
""",
    "Romeo and Juliet": """ROMEO
But, soft! what light through yonder window breaks?
It is the east, and Juliet is the sun.
Arise, fair sun, and kill the envious moon,
Who is already sick and pale with grief,
That thou her maid art far more fair than she:
""",
    "King Lear": """KING LEAR
Blow, winds, and crack your cheeks! rage! blow!
You cataracts and hurricanoes, spout
Till you have drench'd our steeples, drown'd the cocks!
And thou, all-shaking thunder,
Strike flat the thick rotundity o' the world!
""",
    "The Sonnets": """Shall I compare thee to a summer's day?
Thou art more lovely and more temperate:
Rough winds do shake the darling buds of May,
And summer's lease hath all too short a date:
So long as men can breathe or eyes can see,
So long lives this and this gives life to thee.
""",
}


def script(*, hostile: bool = False, pace: float = 0, fail: int | None = None, **facts: Any) -> dict[str, Any]:
    """What the scripted engine plays; with `hostile`, every string is HOSTILE. `facts` take the place of others."""
    texts = list(BOOKS.values())
    if hostile:
        texts = [f"{HOSTILE} {text} {HOSTILE}" for text in texts]
    names = [HOSTILE] * len(texts) if hostile else list(BOOKS)
    books = [
        {"id": f"book-{i}", "title": name, "author": HOSTILE if hostile else "William Shakespeare"}
        for i, name in enumerate(names)
    ]
    shown = {
        "title": HOSTILE if hostile else "The plays of William Shakespeare",
        "collection": "shakespeare",
        "model_sha256": "3f2a9c51b7d4" + 52 * "0",
        "precision": "int8",
        "parameters": 2_104_320,
        "sequence_len": 256,
        "books": books,
        "language": "en",
        "can_trace": True,
        "min_length": 20,
        "note": HOSTILE if hostile else "",
        "bits_per_character": 1.7134,
    }
    played = [{**book, "text": text} for book, text in zip(books, texts, strict=True)]
    return {"facts": shown | facts, "books": played, "pace": pace, "fail": fail}


def write_page(folder: Path, played: dict[str, Any]) -> Path:
    """poet.html with the scripted engine in its worker."""
    worker = (HERE / "scripted_engine.js").read_text(encoding="utf-8")
    page = render_poet_page(
        "worker", str(played["facts"]["title"]), worker=worker, blocks={"script": json_block(played)}
    )
    write_text(folder / "poet.html", page.html)
    return folder / "poet.html"


def write_server_page(folder: Path) -> Path:
    """The page that a server sends."""
    write_text(folder / "server.html", render_poet_page("server").html)
    return folder / "server.html"


def write_scripts(folder: Path, *scripts: dict[str, Any]) -> list[Path]:
    """Files of scripts for scripted_server.js."""
    paths = []
    for i, played in enumerate(scripts):
        paths.append(folder / f"script-{i}.json")
        write_text(paths[-1], json_block(played))
    return paths
