"""The languages of Gutenberg's catalog: their codes, and their names in English and in themselves."""

from poet.finding.folding import fold

# Code: names, separated by commas. Codes of three letters are those of ISO 639-2, for languages without one of two.
NAMES = {
    "af": "Afrikaans",
    "ang": "Old English, Anglo-Saxon, Englisc",
    "ar": "Arabic, العربية",
    "arp": "Arapaho",
    "bg": "Bulgarian, български",
    "bo": "Tibetan",
    "br": "Breton, brezhoneg",
    "ca": "Catalan, català",
    "ceb": "Cebuano",
    "cs": "Czech, čeština, česky",
    "cy": "Welsh, Cymraeg",
    "da": "Danish, dansk",
    "de": "German, Deutsch",
    "el": "Greek, modern Greek, ελληνικά",
    "en": "English",
    "enm": "Middle English",
    "eo": "Esperanto",
    "es": "Spanish, español, castellano",
    "et": "Estonian, eesti",
    "eu": "Basque, euskara",
    "fa": "Persian, Farsi, فارسی",
    "fi": "Finnish, suomi",
    "fr": "French, français",
    "fur": "Friulian, furlan",
    "fy": "Frisian, Frysk",
    "ga": "Irish, Gaeilge",
    "gd": "Scottish Gaelic, Gàidhlig",
    "gl": "Galician, galego",
    "grc": "Ancient Greek",
    "gsw": "Swiss German, Alemannic",
    "hai": "Haida",
    "he": "Hebrew, עברית",
    "hi": "Hindi, हिन्दी",
    "hr": "Croatian, hrvatski",
    "hu": "Hungarian, magyar",
    "ia": "Interlingua",
    "id": "Indonesian",
    "ilo": "Iloko, Ilocano",
    "is": "Icelandic, íslenska",
    "it": "Italian, italiano",
    "iu": "Inuktitut",
    "ja": "Japanese, 日本語",
    "ko": "Korean, 한국어",
    "la": "Latin, latina",
    "lt": "Lithuanian, lietuvių",
    "lv": "Latvian, latviešu",
    "mi": "Maori, Māori",
    "myn": "Mayan",
    "nah": "Nahuatl",
    "nai": "North American Indian",
    "nap": "Neapolitan, napulitano",
    "nav": "Navajo",
    "nl": "Dutch, Nederlands, Flemish",
    "no": "Norwegian, norsk",
    "oc": "Occitan",
    "oji": "Ojibwa, Ojibwe",
    "pl": "Polish, polski",
    "pt": "Portuguese, português",
    "ro": "Romanian, română",
    "ru": "Russian, русский",
    "sa": "Sanskrit",
    "sco": "Scots",
    "sk": "Slovak, slovenčina",
    "sl": "Slovenian, Slovene, slovenščina",
    "sr": "Serbian, српски",
    "sv": "Swedish, svenska",
    "te": "Telugu",
    "tl": "Tagalog, Filipino",
    "tr": "Turkish, Türkçe",
    "uk": "Ukrainian, українська",
    "vi": "Vietnamese",
    "yi": "Yiddish",
    "zh": "Chinese, 中文, 汉语, 漢語",
}

CODES = {fold(name): code for code, names in NAMES.items() for name in names.split(", ")}


def language_code(name: str) -> str:
    """The code of the language called `name` in English or in itself; a code, also with a country, stays what it is.

    >>> language_code("german"), language_code("Français"), language_code("EN"), language_code("pt_BR")
    ('de', 'fr', 'en', 'pt')
    """
    folded = fold(name)
    code = CODES.get(folded) or folded
    # "en-GB" is English; "middle english" is no code with a country.
    return code.split(" ")[0] if len(code.split(" ")[0]) <= 3 else code


def similar_language(name: str) -> str:
    """The name of a language that is most similar to `name`, which is none; "" when none is similar.

    >>> similar_language("germn"), similar_language("xyz")
    ('german', '')
    """
    from rapidfuzz import fuzz, process

    found = process.extractOne(fold(name), list(CODES), scorer=fuzz.ratio, score_cutoff=70)
    return found[0] if found else ""
