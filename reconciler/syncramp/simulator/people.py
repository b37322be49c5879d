"""The people of a forest: every choice about a person follows from a hash of the seed, the forest and their number.

So a person stays who they are when others join or leave, and nothing but the number of people has to be remembered.
Managers form a heap: person ``i`` reports to person ``(i - 1) // 9``, which makes 57,000 people six levels deep.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple
from unicodedata import normalize

SPAN = 9
"""People who report to one manager."""

_GIVEN = (
    "Ada Alejandro Amina André Anna Björn Carlos Chiara Chloé Daniel David Dimitri Elena Élodie Emma Erik Fatima "
    "François Freya Georg Grace Hannah Hugo Ines Ingrid Ivan Jana Jonas José Julia Jürgen Katarzyna Kenji Lars Laura "
    "Léa Liam Lucía Łukasz Maja Marek Maria Mehmet Mia Mohammed Nadia Niels Noah Nora Olga Oscar Paul Petra Priya "
    "Rafael René Sara Sofía Søren Sven Tomáš Ulrike Vera Viktor Wei Yuki Zoë Zuzana"
)
_SURNAMES = (
    "Ahmed Almeida Andersen Åkesson Bakker Baumgärtner Becker Bernard Bianchi Brandt Brown Carvalho Castro Costa "
    "Dąbrowski Díaz Dubois Durand Eriksson Fernández Ferrari Fischer Fontaine García Gonçalves Græsholt Haas Hansen "
    "Hoffmann Horvat Ivanova Jansen Johansson Jørgensen Keller Khan Kim Koch König Kovács Kowalski Krause Larsen "
    "Laurent Lehmann Lindqvist López Marino Martin Mazur Meyer Moreau Müller Nagy Nguyen Nielsen Novák Núñez Olsen "
    "Öztürk Patel Peeters Pérez Petrov Popescu Richter Rossi Santos Sato Schäfer Schmidt Silva Singh Smith Svoboda "
    "Tanaka Taylor Thomsen Vargas Visser Vogel Weiß Wójcik Yılmaz Zając Zimmermann"
)
GIVEN, SURNAMES = _GIVEN.split(), _SURNAMES.split()
DEPARTMENTS = (
    "Engineering",
    "Sales",
    "Marketing",
    "Finance",
    "Human Resources",
    "Legal, Risk and Compliance",
    "Operations",
    "Research & Development",
    "Customer Care",
    "Logistics",
    "Purchasing",
    "IT",
)
TITLES = ("Analyst", "Assistant", "Consultant", "Coordinator", "Engineer", "Lead", "Manager", "Specialist")
PLACES = (("Berlin", "DE"), ("København", "DK"), ("Kraków", "PL"), ("Lyon", "FR"), ("Málaga", "ES"), ("Zürich", "CH"))

_WITHOUT_ACCENT = str.maketrans({"æ": "ae", "ø": "o", "ß": "ss", "ı": "i", "ł": "l", "Ł": "L"})
"""Letters that Unicode does not decompose into a letter and an accent."""


@dataclass(frozen=True)
class Forest:
    """One directory."""

    name: str
    company: str
    size: int
    """People on the first day."""
    seed: int

    @property
    def domain(self) -> str:
        """Its DNS name."""
        return f"{self.name}.example.com"

    @property
    def base(self) -> str:
        """The DN of its root."""
        return f"DC={self.name},DC=example,DC=com"

    def chance(self, kind: str, number: int) -> bytes:
        """32 bytes that belong to one object for ever."""
        return blake2b(f"{self.seed}/{self.name}/{kind}/{number}".encode(), digest_size=32).digest()


class Person(NamedTuple):
    """What is particular about a person; everything else follows from it."""

    number: int
    given: str
    surname: str
    cn: str
    account: str
    address: str
    """Before the @ of the mail address."""
    department: str
    """Its OU holds the entry."""
    chance: bytes


def people(forest: Forest, count: int, moved: int = -1) -> Iterator[Person]:
    """The first ``count`` people of a forest, in order.

    :param moved: the number of a person who is now in the OU of the next department.
    """
    namesakes: Counter[tuple[str, str]] = Counter()
    for number in range(count):
        chance = forest.chance("person", number)
        given = GIVEN[int.from_bytes(chance[16:18]) % len(GIVEN)]
        surname = SURNAMES[int.from_bytes(chance[18:20]) % len(SURNAMES)]
        namesakes[given, surname] += 1
        nth = namesakes[given, surname]
        suffix = "" if nth == 1 else str(nth)
        at = chance[20] % len(DEPARTMENTS)
        yield Person(
            number,
            given,
            surname,
            f"{surname}, {given} {suffix}".rstrip(),
            f"e{100_000 + number}",
            f"{ascii_of(given)}.{ascii_of(surname)}{suffix}".lower(),
            DEPARTMENTS[(at + 1) % len(DEPARTMENTS) if number == moved else at],
            chance,
        )


def manager_of(number: int) -> int | None:
    """Who a person reports to; None for the first of them."""
    return (number - 1) // SPAN if number else None


def ascii_of(name: str) -> str:
    """A name as it stands in an address."""
    return normalize("NFKD", name.translate(_WITHOUT_ACCENT)).encode("ascii", "ignore").decode()
