"""Weekdays and months as people say them, so that "Montag" and "Monday" count as the same word."""

import re

_WEEKDAYS = {
    "en": "monday tuesday wednesday thursday friday saturday sunday",
    "de": "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "ja": "月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日",
}
_MONTHS = {
    "en": "january february march april may june july august september october november december",
    "de": "januar februar märz april mai juni juli august september oktober november dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
}
_NUMBERS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze",
}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"

WEEKDAYS = {word: f"weekday-{n}" for names in _WEEKDAYS.values() for n, word in enumerate(names.split())} | {
    "sonnabend": "weekday-5"
}
MONTHS = {word: f"month-{n}" for names in _MONTHS.values() for n, word in enumerate(names.split(), 1)}
NUMBERS = (
    {word: str(n) for names in _NUMBERS.values() for n, word in enumerate(names.split())}
    | {word: str(n * 10) for n, word in enumerate(_TENS.split(), 2)}
    | {word: str(n) for n, word in enumerate(_ORDINALS.split(), 1)}
    | {"thirteen": "13", "fifteen": "15", "hundred": "100", "thousand": "1000", "million": "1000000"}
)

# English "may" and "march" are everyday verbs, and "second" and "one" hardly count anything.
AMBIGUOUS = frozenset({"may", "march", "mars", "mai", "second", "first", "one", "un", "uno", "um", "eins"})


def meaning(word: str) -> str:
    """Return what a casefolded word stands for: `weekday-0`, `month-3`, a number's digits, or the word itself."""
    return WEEKDAYS.get(word) or MONTHS.get(word) or NUMBERS.get(word) or word


def counted(folded: str) -> set[str]:
    """Return the English numbers from 21 to 99 that stand in a casefolded text as two words, in digits."""
    pairs = _COMPOUND.findall(folded)
    return {str(int(NUMBERS[tens]) + int(NUMBERS[ones])) for tens, ones in pairs}


_COMPOUND = re.compile(rf"\b({_TENS.replace(' ', '|')})[\s-]({'|'.join(_NUMBERS['en'].split()[1:10])})\b")
