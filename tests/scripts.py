"""Short prose in seven languages and six scripts, written for the tests, and shelves of books made of it."""

import random
import re

PROSE = {
    "chinese": "春天来了，河边的柳树发出新芽。老人坐在桥上，看着船慢慢地过去。“你等谁呢？”孩子问他。"
    "他笑着回答：“我等一封信，已经等了二十年。”风把落叶吹到水面上，月亮从山后升起来。\n",
    "japanese": "春が来て、川辺の柳に新しい芽が出た。老人は橋の上に座り、船がゆっくりと過ぎるのを見ていた。"
    "「誰を待っているの」と子供が聞いた。彼は笑って、「手紙を一通、もう二十年待っている」と答えた。\n",
    "russian": "Пришла весна, и на ивах у реки появились почки. Старик сидел на мосту и смотрел на лодки. "
    "«Кого ты ждёшь?» — спросил ребёнок. Он улыбнулся и ответил, что ждёт письма уже двадцать лет.\n",
    "arabic": "جاء الربيع، وظهرت البراعم على أشجار الصفصاف قرب النهر. جلس الشيخ على الجسر ينظر إلى القوارب. "
    "«من تنتظر؟» سأله الطفل. ابتسم وأجاب أنه ينتظر رسالة منذ عشرين سنة.\n",
    "hebrew": "האביב הגיע, ועל הערבות שליד הנהר הופיעו ניצנים. הזקן ישב על הגשר והביט בסירות העוברות. "
    "„למי אתה מחכה?” שאל אותו הילד. הוא חייך וענה שהוא מחכה למכתב כבר עשרים שנה.\n",
    "greek": "Ήρθε η άνοιξη και οι ιτιές κοντά στο ποτάμι έβγαλαν μπουμπούκια. Ο γέρος καθόταν στη γέφυρα. "
    "«Ποιον περιμένεις;» ρώτησε το παιδί. Εκείνος χαμογέλασε και είπε πως περιμένει ένα γράμμα.\n",
    "finnish": "Kevät tuli, ja joen rannan pajuihin puhkesivat silmut. Vanha mies istui sillalla ja katseli veneitä. "
    "”Ketä sinä odotat?” kysyi lapsi. Hän hymyili ja vastasi odottaneensa kirjettä kaksikymmentä vuotta.\n",
}
LANGUAGES = {
    "chinese": "zh",
    "japanese": "ja",
    "russian": "ru",
    "arabic": "ar",
    "hebrew": "he",
    "greek": "el",
    "finnish": "fi",
}


def shuffled(language: str, seed: int, sentences: int = 400) -> str:
    """A text of `sentences` sentences of the prose of `language`, each with words or letters in another order."""
    generator = random.Random(seed)
    blank = "" if language in ("chinese", "japanese") else " "
    units = re.findall(r"\w" if not blank else r"\w+", PROSE[language])
    stop = "。" if not blank else ". "
    written = [blank.join(generator.choices(units, k=generator.randint(4, 14))) for _ in range(sentences)]
    lines = [stop.join(written[i : i + 4]) + stop.strip() for i in range(0, sentences, 4)]
    return "\n".join(lines) + "\n"
