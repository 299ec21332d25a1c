"""The languages of Gutenberg's catalog and headers: their codes, and their names in English and in themselves."""

import re
import unicodedata

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

# What stands between two languages of one book, or behind the name of one: "English, French", "Chinese (Traditional)".
SEPARATOR = re.compile(r"[,;/&(+]|\s(?:and|und|et|y|e|with)\s")


def _plain(name: str) -> str:
    """`name` without case and accents: "Français" is also written "Francais".

    >>> _plain("Français"), _plain("ČEŠTINA")
    ('francais', 'cestina')
    """
    letters = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(char for char in letters if not unicodedata.combining(char))


_CODES = {_plain(name): code for code, names in NAMES.items() for name in names.split(", ")} | {
    code: code for code in NAMES
}


def code_of_header(field: str) -> str:
    """The code of the first language that the header field `field` names; "" for one that is not in the table.

    A variety is the language that its first words name: "Norwegian Bokmål" is Norwegian.

    >>> code_of_header("Swedish"), code_of_header("French and Latin"), code_of_header("Norwegian Bokmål")
    ('sv', 'fr', 'no')
    >>> code_of_header("Klingon"), code_of_header("pt")
    ('', 'pt')
    """
    words = _plain(SEPARATOR.split(field.strip() + " ")[0]).split()
    for number in range(len(words), 0, -1):
        if code := _CODES.get(" ".join(words[:number])):
            return code
    return ""
