"""What each language is written with: its letters, the most frequent first. Detection of charsets compares with this.

The orders are rough and written from general knowledge; detection needs only "frequent", "rare" and "not at all".
"""

import functools

# Of languages in Latin script: the letters outside ASCII.
LATIN = {
    "en": "éèæœêïöçëàâñôü",
    "de": "üäößé",
    "fr": "éèàêçùâôîûëïœæÿü",
    "it": "èàùòéìîó",
    "es": "óíáéñúü",
    "pt": "ãçáéêíóõàâúôü",
    "ca": "àéèíóòúçïü",
    "nl": "ëéïèöüóê",
    "sv": "äåöéàü",
    "da": "øåæéö",
    "no": "åøæéòôóê",
    "fi": "äöåéšž",
    "is": "áíðéóöúýæþ",
    "et": "äõüöšž",
    "lv": "āīēšūļņžčģķ",
    "lt": "ėšųįžąčūę",
    "pl": "łęóążśćńź",
    "cs": "íáéěřýžčůšúňóťď",
    "sk": "áíéýčžšúľťňôäďóĺŕ",
    "sl": "čšžć",
    "hr": "čšžćđ",
    "hu": "áéöóőíüúű",
    "ro": "ăâîșțşţ",
    "sq": "ëç",
    "tr": "ışüğçöâîûİ",
    "eo": "ĝĉŭŝĵĥ",
    "mt": "ħżġċàèù",
    "cy": "ŵâêôîŷïáéë",
    "ga": "áéíóú",
    "la": "æœëāēīōū",
    "vi": "đàáảãạăâếềểệêôơưíìịóòọúùụốồộớờợứừựấầậắằặýỳ\u0300\u0301\u0303\u0309\u0323",
}

# Letters of foreign names and words, which a text in any of these languages may contain.
LOAN_LETTERS = "éèàçêëïöüäôâîáíóúñæœøåûùßšž"

# Of languages in other alphabets: all letters of the script that they use.
OTHER = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "uk": "оанітирвесклудмпзяьбгчйхцїжєшюфщґ",
    "be": "анеіросітлкяудмпзвбыьчцгхўжшйёюэф",
    "bg": "аеоиттнрсвлдкпмзябъугчщжхцшюйфь",
    "sr": "аиоенрстудвкјмлпзбгчшцњжћхљђфџ",
    "mk": "аоиетнрсвдкпмлузбгјчшцжхфќљњѓџѕ",
    "kk": "аеынтірлдсқоузғмкбйшжпүөгәңияұхвфчэющцһёьъ",
    "tg": "аионрдтемшбслвукзгҳяпйҷфхқчӣжъӯғюёэц",
    "el": "αοιετνσςηυρπκμάλίόέωήδγύώχθφβξζψϊΐϋΰ",
    "he": "יוהלאתרבשמנםכדקעחפטזגסןצךףץ\u05be",
    "yi": "יאַוערסדטנלןמגבהפזשקכםחצךףץת\u05b7\u05b8\u05bc",
    "ar": "اليمنوترتبهةعدسفكقحجشصطخأىضءذثغزئإظآؤ\u064b\u0651",
    "fa": "ایردنهومتبشسکزگلخفقعپچجحآغصطذضژثظئكيء\u200c",
    "ur": "ایکرےنوںہملتسدبپجھٹگشعقفچخصڑحزآضئطڈغذظؤثژ",
    "th": "านรกอเงมยลวดทสตะปบคหแจพชขใไโผซธศณถภษฐฟญฎฉฮฝฤ"
    "\u0e48\u0e49\u0e31\u0e35\u0e34\u0e37\u0e38\u0e39\u0e4c\u0e33\u0e47\u0e36",
}  # fmt: skip

# Of Chinese, Japanese and Korean: the most frequent characters. Far more are used, see `everyday_characters`.
COMMON_HAN = (
    "的一是不了在人有我他这这個們來說國時會為學對發經過還沒與個中大为上到说国和地也子时道出而要于就下得可"
    "你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还"
    "分此心前面又定见只主没公从无之乎也以何曰故若天地名物使於無見從當後開間長門愛書兩東車馬風點頭話聽讀問"
    "題實現"
)
COMMON_KANJI = "日一人年大国会中出本時上生分者子前後見行事間長思何私自言手気今彼来心家方先知入女男場目下山水月夜々"
COMMON_HANGUL = (
    "이다는에의가을로하고기를은지도리사한나어서아자대인그것들해시라있었과으부와만안정보말여수마니내며게던"
    "않면없러람들때려장일구조전오거우상제스히모원생주세선소동물집길달산바날저음"
)
KANA = "".join(map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC]))
CJK_MARKS = "。，、；：？！「」『』（）《》〈〉—…・　〜～―·“”‘’０１２３４５６７８９"


@functools.cache
def everyday_characters(codec: str, first: int, last: int) -> frozenset[str]:
    """The characters of `codec` whose first byte is from `first` to `last`.

    The national standards sort by frequency: everyday characters stand in the first rows, rare ones behind them.

    >>> "的" in everyday_characters("gb2312", 0xB0, 0xD7)
    True
    """
    pairs = (bytes((high, low)) for high in range(first, last + 1) for low in range(0x40, 0xFF))
    return frozenset(pair.decode(codec, "ignore") for pair in pairs) - {""}


@functools.cache
def weights(language: str) -> dict[str, float]:
    """How much each character outside ASCII speaks for a text in `language`: 1 for the most frequent ones.

    A character that is missing does not belong to the language.

    >>> weights("de")["ü"], weights("de")["é"] > weights("de")["ñ"]
    (1.0, True)
    """
    if language in LATIN:
        return dict.fromkeys(LOAN_LETTERS + LOAN_LETTERS.upper(), 0.3) | _ranked(LATIN[language], 0.4)
    if language in OTHER:
        return _ranked(OTHER[language], 1.3)
    known = {
        "zh-hans": (("gb2312", 0xB0, 0xD7), COMMON_HAN),
        "zh-hant": (("big5", 0xA4, 0xC6), COMMON_HAN),
        "ja": (("euc_jp", 0xB0, 0xCF), KANA + COMMON_KANJI),
        "ko": (("euc_kr", 0xB0, 0xC8), COMMON_HANGUL),
    }
    rows, common = known[language]
    everyday = everyday_characters(*rows)
    found = dict.fromkeys(everyday, 0.4) | dict.fromkeys(CJK_MARKS, 0.7)
    # The list of Chinese characters is one for both scripts; each keeps those that it writes.
    return found | {each: 1.0 for each in common if language[:2] != "zh" or each in everyday}


def _ranked(letters: str, fall: float) -> dict[str, float]:
    """Weights that fall from 1 for the first of `letters` by `fall` to the last; capitals a little below."""
    found: dict[str, float] = {}
    for rank, letter in enumerate(dict.fromkeys(letters)):
        weight = 1 - fall * rank / len(letters)
        found.setdefault(letter, weight)
        if len(letter.upper()) == 1 and letter.upper() != letter:
            found.setdefault(letter.upper(), weight - 0.1)
    return found


LANGUAGES = (*LATIN, *OTHER, "zh-hans", "zh-hant", "ja", "ko")
