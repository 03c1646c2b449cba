"""What the pages of the displays say, in Dutch and English."""

LANGUAGES = ("nl", "en")

_WORDS = {
    "title": ("Het display van een meter", "The display of a meter"),
    "town": ("De displays van de stad", "The displays of the town"),
    "home": ("Woning %s", "Home %s"),
    "next": ("Volgende waarde", "Next value"),
    "back": ("Vorige waarde", "Previous value"),
    "step": ("Waarde %s van %s", "Value %s of %s"),
    "made_up": (
        "Dit is een demo: de meter, de woning en de standen zijn verzonnen.",
        "This is a demo: the meter, the home and the readings are made up.",
    ),
    "other": ("English", "Nederlands"),
    "skip": ("Naar de inhoud", "Skip to content"),
    "none": ("Hier is geen uitleesbare meter.", "There is no readable meter here."),
    "nowhere": ("Deze pagina is er niet", "There is no such page"),
    "first": ("Begin bij woning 0", "Begin at home 0"),
    "all": ("Alle waarden op een rij", "All values in a row"),
    "code": ("Code", "Code"),
    "value": ("Waarde", "Value"),
    "low": ("laag tarief", "low tariff"),
    "normal": ("normaal tarief", "normal tariff"),
    "on": ("administratief aan", "administratively on"),
    "off": ("administratief uit", "administratively off"),
    "test": ("test: alle segmenten", "test: all segments"),
}
MEANING = {
    "test": ("Displaytest: alle segmenten branden, zodat een kapot segment opvalt.", "Display test: everything lights up."),
    "1.8.1": ("Afgenomen elektriciteit, laag tarief", "Electricity taken, low tariff"),
    "1.8.2": ("Afgenomen elektriciteit, normaal tarief", "Electricity taken, normal tariff"),
    "2.8.1": ("Teruggeleverde elektriciteit, laag tarief", "Electricity given back, low tariff"),
    "2.8.2": ("Teruggeleverde elektriciteit, normaal tarief", "Electricity given back, normal tariff"),
    "1.7.0": ("Vermogen dat u nu afneemt", "Power you take now"),
    "2.7.0": ("Vermogen dat u nu teruglevert", "Power you give back now"),
    "24.2.1": ("Stand van de gasmeter", "Register of the gas meter"),
    "96.14.0": ("Tarief dat nu geldt", "Tariff in force now"),
    "94.31.0": ("Administratieve status", "Administrative status"),
    "0.9.2": ("Datum van de meter, jaar-maand-dag", "Date of the meter, year-month-day"),
    "0.9.1": ("Tijd van de meter", "Time of the meter"),
    "96.1.1": ("Nummer van de meter", "Number of the meter"),
}


def text(language: str, key: str, *values: object) -> str:
    """Return a phrase."""
    return _WORDS[key][LANGUAGES.index(language)] % values


def meaning(language: str, code: str) -> str:
    """Return what a code of the display means."""
    return MEANING[code][LANGUAGES.index(language)]
