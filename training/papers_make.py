"""Patterns of `papers.py`, tables and accounts -> rows of questions with passages.

python papers_make.py OUT_FOLDER [--papers 9000] [--tables 9000] [--seed 0]
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from papers import PAPERS

Row = dict[str, Any]
LICENCE = "Apache-2.0"
FIRST = "Anna Ben Carla David Elif Frank Grace Hugo Ines Jonas Kofi Lena Marco Nadia Oscar Paula Quentin Rosa Samir Tilda Umar Vera Walter Xenia Yusuf Zoe Amir Beata Chidi Dolores Erik Fatima George Helga Ivan Joyce Karl Lucia Mehmet Nora Olga Pedro Rahul Sofia Tom Ulla Victor Wendy".split()
LAST = "Abel Brandt Costa Dahl Ekwueme Fischer Grant Hansen Ito Jensen Kowalski Lopez Miller Nakamura Okafor Petrov Quinn Rossi Silva Tanaka Ueda Vogel Weber Young Zhang Ahmed Banerjee Clarke Dupont Evans Fontaine Garcia Hughes Ibrahim Jones Khan Lindqvist Moreau Novak Owen Park Reed Schmidt Taylor".split()
COMPANY = "Arvello Brightwater Calder Denham Eastgate Fairlane Glenmore Harwick Inverness Jorvik Kestrel Lanmark Mallory Northfield Orsted Pinewood Quillon Redfern Sandvik Tarrant Umbra Velmont Westbrook Yarrow Zentech Acorn Bluefin Copperline Driftwood Emberly Foxglove Granite Halcyon".split()
PLACE = "Ashford Bremen Cordoba Dundee Exeter Faro Ghent Halifax Innsbruck Jena Krakow Leeds Malmo Nantes Oslo Porto Quebec Reims Salem Turin Utrecht Vilnius Whitby York Zwolle Albany Boise Camden Dayton Elmira".split()
MONTHS = "January February March April May June July August September October November December".split()
FOOD = "pumpkin leek lentil tomato carrot potato mushroom pea celery beetroot cabbage parsnip bean onion chestnut fennel".split()
TOOL = "Tabula Gridbox Quarry Formdesk Lumen Shelfie Inkwell Beacon Siftr Cobalt Mapper Notedeck Parcel Rowan Streamly Vellum".split()
REGION = "Asia Europe|Latin America|North America|the Middle East|Asia Pacific".replace(
    "Asia Europe", "Asia|Europe"
).split("|")


class Filler:
    """Slots filled by chance; each slot keeps its value within a paper where its name is numbered (`<p1>`)."""

    def __init__(self, rng: random.Random) -> None:
        self.random = rng
        self.kept: dict[str, str] = {}

    def slot(self, name: str) -> str:
        keeps = name in (
            "company",
            "company2",
            "tool",
            "food",
            "place",
            "region",
            "domain",
            "code",
            "tiny",
        ) or re.fullmatch(r"(?:p|year)\d", name)
        if name in self.kept:
            return self.kept[name]
        value = self._value(name)
        if keeps:
            self.kept[name] = value
        return value

    def _value(self, name: str) -> str:
        rng = self.random
        whole = rng.randint
        match name.rstrip("0123456789"):
            case "p":
                return rng.choice(FIRST) + (" " + rng.choice(LAST) if rng.random() < 0.7 else "")
            case "last":
                return rng.choice(LAST)
            case "company":
                return rng.choice(COMPANY) + (
                    rng.choice((" Inc.", " Group", " & Co", " Ltd")) if rng.random() < 0.25 else ""
                )
            case "place":
                return rng.choice(PLACE)
            case "food":
                return rng.choice(FOOD)
            case "tool":
                return rng.choice(TOOL)
            case "region":
                return rng.choice(REGION)
            case "domain":
                return rng.choice(COMPANY).lower() + rng.choice((".com", ".org", ".example"))
            case "month":
                return rng.choice(MONTHS)
            case "date":
                day, month, year = whole(1, 28), rng.choice(MONTHS), whole(2012, 2026)
                return rng.choice(
                    (
                        f"{day} {month} {year}",
                        f"{month} {day}, {year}",
                        f"{day} {month}",
                        f"{day}.{whole(1, 12)}.{year}",
                    )
                )
            case "time":
                return rng.choice(
                    (
                        f"{whole(6, 22)}:{rng.choice(('00', '15', '30', '45'))}",
                        f"{whole(1, 12)} {rng.choice(('a.m.', 'p.m.'))}",
                        f"{whole(1, 12)} o'clock",
                    )
                )
            case "money":
                top = {"1": 25, "2": 120, "3": 1900, "4": 38000}.get(name[-1], 500)
                amount = whole(max(3, top // 8), top)
                return rng.choice(
                    (
                        f"{amount:,} pounds",
                        f"${amount:,}",
                        f"£{amount:,}",
                        f"{amount:,} euros",
                        f"{amount:,}.{whole(10, 99)} dollars",
                    )
                )
            case "small":
                return (
                    str(whole(2, 9))
                    if name[-1] not in "12"
                    else str(whole(10, 30))
                    if name[-1] == "2"
                    else str(whole(5, 14))
                )
            case "tiny":
                return str(whole(2, 4))
            case "n":
                low, high = {"1": (10, 30), "2": (20, 90), "3": (100, 990), "4": (1000, 9900)}[name[-1]]
                return str(whole(low, high))
            case "big":
                return f"{whole(11, 480) * rng.choice((100, 1000)):,}"
            case "dec":
                return f"{whole(0, 4)}.{whole(10, 99)}" if name == "dec0" else f"{whole(1, 48)}.{whole(1, 9)}"
            case "pct":
                return rng.choice((f"{whole(2, 40)}%", f"{whole(1, 19)}.{whole(1, 9)}%", f"{whole(2, 40)} percent"))
            case "ord":
                number = whole(2, 5) if name == "ord3" else whole(1, 28)
                return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd', 21: 'st', 22: 'nd', 23: 'rd'}.get(number, 'th') }"
            case "year":
                base = int(self.kept.setdefault("year1", str(whole(2014, 2024))))
                return str(base + {"0": -1, "1": 0, "2": 1}[name[-1]])
            case "phone":
                return f"{whole(100, 999)} {whole(1000, 9999)}"
            case "plate":
                return f"{rng.choice('ABKLMW')}{rng.choice('ABKLMW')}{whole(10, 99)} {rng.choice('XYZRT')}{rng.choice('XYZRT')}"
            case _:
                return f"{rng.choice('ABCDEGKLMRSTX')}{rng.choice('ABCDEGKLMRSTX')}-{whole(10, 999)}"

    def fill(self, text: str) -> str:
        while True:
            chosen = re.sub(r"\{([^{}]*)\}", lambda match: self.random.choice(match[1].split("|")), text)
            if chosen == text:
                break
            text = chosen
        return re.sub(r"<(\w+)>", lambda match: self.slot(match[1]), text)


def unmarked(text: str) -> tuple[str, dict[str, tuple[int, int]]]:
    """The text without marks, and where what they enclosed stands."""
    spans: dict[str, tuple[int, int]] = {}
    out: list[str] = []
    open_marks: list[tuple[str, int]] = []
    length = place = 0
    for match in re.finditer(r"\[\[(\w+):|\]\]", text):
        out.append(text[place : match.start()])
        length += match.start() - place
        place = match.end()
        if match[1]:
            open_marks.append((match[1], length))
        else:
            name, start = open_marks.pop()
            spans[name] = (start, length)
    out.append(text[place:])
    return "".join(out), spans


def paper(rng: random.Random) -> Iterator[Row]:
    """A filled pattern with some of its questions."""
    title, section, pattern, asked = rng.choice(PAPERS)
    filler = Filler(rng)
    title, section = filler.fill(title), filler.fill(section)
    marked = filler.fill(pattern)
    blocks = marked.split("\n\n")
    if rng.random() < 0.35 and len(blocks) > 2:  # a part of it, as when a passage ends
        first = rng.randrange(0, len(blocks) - 1)
        blocks = blocks[first : first + rng.randint(1, 3)]
    elif rng.random() < 0.4:
        rng.shuffle(blocks)
    text, spans = unmarked("\n\n".join(blocks))
    lines = asked.split("\n")
    for line in rng.sample(lines, min(5, len(lines))):
        head, _, wordings = line.partition(":")
        name, _, yesno = head.partition("=")
        question = filler.fill(rng.choice([wording.strip() for wording in wordings.split(" | ")]))
        span = spans.get(name)
        answers = [{"text": text[span[0] : span[1]], "start": span[0]}] if span and span[1] > span[0] else []
        if name != "none" and f"[[{name}:" not in pattern:
            continue
        if (
            not answers
            and name != "none"
            and name in pattern
            and f"[[{name}:" not in "\n\n".join(blocks)
            and "{" in pattern
            and rng.random() < 0.3
        ):
            continue
        yield {
            "src": "papers",
            "question": question,
            "title": title,
            "section": section,
            "context": text,
            "answers": answers,
            "answerable": bool(answers),
            "yesno": yesno or None,
            "license": LICENCE,
            "made": "paper",
        }


def stray(rng: random.Random) -> Iterator[Row]:
    """Questions to one paper, put to a part of another that does not answer them."""
    asking, told = rng.sample(PAPERS, 2)
    filler = Filler(rng)
    other, _ = unmarked(filler.fill(told[2]))
    blocks = other.split("\n\n")
    first = rng.randrange(len(blocks))
    context = "\n\n".join(blocks[first : first + rng.randint(1, 4)])
    title, section = filler.fill(told[0]), filler.fill(told[1])
    lines = [line.partition(":")[2] for line in asking[3].split("\n")]
    question = filler.fill(rng.choice(rng.choice(lines).split(" | ")).strip())
    if len(question.split()) >= 6:
        yield {
            "src": "papers",
            "question": question,
            "title": title,
            "section": section,
            "context": context,
            "answers": [],
            "answerable": False,
            "yesno": None,
            "license": LICENCE,
            "made": "stray",
        }


def table(rng: random.Random) -> Iterator[Row]:
    """A table with look-ups: a cell by its row and column, rows by a cell, and rows or columns that are not there."""
    filler = Filler(rng)
    draw = rng.random()
    if draw < 0.4:
        title, header, rows, words = _accounts(filler)
    elif draw < 0.55:
        title, header, rows, words = _rota(filler)
    else:
        title, header, rows, words = _things(filler)
    if rng.random() < 0.3:
        rng.shuffle(rows)
    lines = [" | ".join(header), *(" | ".join(row) for row in rows)]
    lines = [line.rstrip(" |") for line in lines]
    before = rng.choice(
        (
            "",
            "",
            f"{title} as of {filler.fill('<date>')}:\n\n",
            filler.fill("The figures are in {millions|thousands}.\n\n") if draw < 0.4 else "",
        )
    )
    text = before + "\n".join(lines)
    places = []
    at = len(before) + len(lines[0]) + 1
    for line in lines[1:]:
        places.append(at)
        at += len(line) + 1

    def cell(row: int, column: int) -> dict[str, Any]:
        start = places[row] + sum(len(value) + 3 for value in rows[row][:column])
        return {"text": rows[row][column], "start": start}

    def out(question: str, answers: list[dict[str, Any]]) -> Row:
        assert all(text[a["start"] :].startswith(a["text"]) for a in answers), (question, answers, text)
        return {
            "src": "tables",
            "question": question,
            "title": title,
            "section": rng.choice(("", "", title, "Sheet1", "Table 2")),
            "context": text,
            "answers": answers,
            "answerable": bool(answers),
            "yesno": None,
            "license": LICENCE,
            "made": "table",
        }

    for _ in range(4):
        row, column = rng.randrange(len(rows)), rng.randrange(1, len(header))
        key, name = rows[row][0], header[column]
        if not rows[row][column] or sum(other[0] == key for other in rows) > 1:
            continue
        draw = rng.random()
        if draw < 0.62:
            yield out(_asked(rng, words, title, key, name), [cell(row, column)])
        elif draw < 0.8:
            value = rows[row][column]
            same = [n for n, other in enumerate(rows) if other[column] == value]
            forms = (
                f"Which {header[0].lower() or 'item'} has {name.lower()} {value}?",
                f"{name} {value}: which {header[0].lower() or 'one'}?",
                f"Whose {name.lower()} is {value}?",
                f"Who or what has {value} as {name.lower()}?",
            )
            yield out(rng.choice(forms), [cell(n, 0) for n in same])
        elif draw < 0.92:
            missing = _missing(filler, [other[0] for other in rows], key)
            yield out(_asked(rng, words, title, missing, name), [])
        else:
            gone = rng.choice(
                (
                    "the colour",
                    "the weight",
                    "the supplier",
                    "the telephone number",
                    "the tax rate",
                    "the floor",
                    "the budget for 1999",
                )
            )
            yield out(f"What is {gone} of {key}?", [])


def _asked(rng: random.Random, words: str, title: str, key: str, name: str) -> str:
    low = name.lower() if not re.search(r"\d", name) else name
    if words == "accounts":
        item = key[0].lower() + key[1:]
        forms = [
            f"What was {item} in {name}?",
            f"How much was {item} in {name}?",
            f"{item} {name}",
            f"What were the {item} of {title.split(':')[0]} in {name}?",
            f"What did {title.split(':')[0]} report as {item} for {name}?",
            f"{key} in {name}?",
        ]
    elif words == "rota":
        forms = [
            f"Who does {low} in the week of {key}?",
            f"Whose turn is it for {low} on {key}?",
            f"{key}: who has {low}?",
            f"Who is responsible for {low} on {key}?",
        ]
    else:
        forms = [
            f"What is the {low} of {key}?",
            f"{key} {low}",
            f"Which {low} does {key} have?",
            f"What's the {low} for {key}?",
            f"{low} of {key}?",
            f"Tell me the {low} of {key}",
        ]
        if low in ("price", "cost", "fee", "amount", "rent"):
            forms += [f"How much is {key}?", f"What does {key} cost?", f"What do we pay for {key}?"]
        if low in ("stock", "seats", "employees", "members", "guests", "quantity", "points"):
            forms += [
                f"How many {low if low.endswith('s') else 'pieces'} does {key} have?",
                f"How many are there for {key}?",
            ]
        if low in ("contact", "owner", "teacher", "responsible", "manager"):
            forms += [f"Who is in charge of {key}?", f"Who is the {low} for {key}?"]
        if low in ("due", "date", "opens", "starts", "deadline", "closes"):
            forms += [f"When is {key}?", f"When {low if low.endswith('s') else 'is'} {key}?"]
    return str(rng.choice(forms))


def _missing(filler: Filler, keys: list[str], key: str) -> str:
    if re.search(r"\d", key):
        other = re.sub(r"\d", lambda _: str(filler.random.randint(0, 9)), key)
    else:
        other = filler.random.choice(
            (
                "Total other items",
                "Interest",
                filler.fill("<p9>"),
                filler.random.choice(COMPANY),
                filler.random.choice(PLACE),
                "Lamps",
                "Water",
            )
        )
    return other if other not in keys else other + " II"


def _accounts(filler: Filler) -> tuple[str, list[str], list[list[str]], str]:
    rng = filler.random
    title = filler.fill("{<company>|<company>: income|<company> results|Household budget <year1>|<company> segments}")
    base = rng.randint(2012, 2024)
    header = rng.choice(
        (
            ["", str(base), str(base - 1)],
            ["(in millions)", str(base), str(base - 1), str(base - 2)],
            ["", f"Q1 {base}", f"Q2 {base}", f"Q3 {base}", f"Q4 {base}"],
            ["Item", *rng.sample(MONTHS, 4)],
            ["Category", f"{rng.choice(MONTHS)} {base}", f"{rng.choice(MONTHS)} {base}"],
            ["", "Europe", "Asia Pacific", "Americas", "Total"],
            ["Segment", f"Year ended {base}", f"Year ended {base - 1}"],
        )
    )
    names = rng.sample(
        [
            "Net sales",
            "Net revenue",
            "Cost of sales",
            "Gross profit",
            "Operating income",
            "Research and development",
            "Income taxes",
            "Net earnings",
            "Interest expense",
            "Depreciation",
            "Advertising",
            "Rent",
            "Electricity",
            "Insurance",
            "Travel",
            "Employees",
            "Repairs",
            "Cash and cash equivalents",
            "Inventories",
            "Long-term debt",
            "Goodwill",
            "Accounts receivable",
            "Capital expenditures",
            "Wages",
            "Membership fees",
            "Beverages",
            "Snacks",
            "Pharmacy",
            "Aerospace",
            "Services",
            "Hardware",
            "Licences",
        ],
        rng.randint(3, 9),
    )
    scale = rng.choice((90, 900, 9000, 90000))

    def figure() -> str:
        value = f"{rng.randint(scale // 9, scale):,}"
        return rng.choice((value, value, value, f"$ {value}", f"({value})"))

    return (
        title,
        header,
        [[name, *(figure() if rng.random() < 0.94 else "-" for _ in header[1:])] for name in names],
        "accounts",
    )


def _rota(filler: Filler) -> tuple[str, list[str], list[list[str]], str]:
    rng = filler.random
    tasks = rng.sample(
        ["Kitchen", "Stairs", "Windows", "Garden", "Cake", "Phone duty", "Reading", "Music", "Goalkeeper", "Driving"],
        rng.randint(2, 4),
    )
    first = rng.choice(("Week", "Date", "Month", "Sunday", "Day"))
    keys = {"Month": MONTHS, "Day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()}.get(first)
    if keys is None:
        keys = [f"{day} {rng.choice(MONTHS)}" for day in rng.sample(range(1, 29), 7)]
    who = [filler.fill("{<last>|flat <small>|<place>}") if rng.random() < 0.3 else rng.choice(FIRST) for _ in range(9)]
    return (
        rng.choice(("Rota", "Duties", "Plan", "Who does what", "Cleaning plan")),
        [first, *tasks],
        [[key, *(rng.choice(who) for _ in tasks)] for key in keys[: rng.randint(4, 8)]],
        "rota",
    )


def _things(filler: Filler) -> tuple[str, list[str], list[list[str]], str]:
    rng = filler.random
    fill = filler.fill

    def fresh(pattern: str) -> str:
        filler.kept.clear()
        return fill(pattern)

    kinds: dict[str, tuple[list[str], list[str]]] = {
        "Helpers": (
            ["Name", "Stand", "Shift", "Brings"],
            ["<p1>", "{Tombola|Coffee|Grill|Books|Entrance}", "{morning|noon|evening}", "{|a cake|cups|a table}"],
        ),
        "Price list": (
            ["Article", "Price", "Stock", "Supplier"],
            ["{Desk|Lamp|Chair|Shelf|Rug|Clock|Mirror|Vase} <code>", "<money2>", "<n2>", "<company>"],
        ),
        "Courses": (
            ["Course", "Teacher", "Room", "Starts", "Fee"],
            [
                "{Pottery|Spanish|Yoga|Chess|Sewing|Drawing|Piano|Swedish} {I|II|for beginners|}",
                "<p1>",
                "<small2>",
                "<date>",
                "<money2>",
            ],
        ),
        "Error codes": (
            ["Code", "Meaning", "Remedy"],
            [
                "{E|F|H}<small2>",
                "{Door open|Pump blocked|No water|Sensor fails|Motor too hot|Filter full}",
                "{Close the door|Clean the pump|Open the tap|Call service|Wait <small> minutes|Empty the tray}",
            ],
        ),
        "Contacts": (
            ["Name", "Role", "Phone", "Office"],
            ["<p1>", "{Caretaker|Treasurer|Plumber|Nurse|Trainer|Chair|Driver|Librarian}", "<phone>", "<place>"],
        ),
        "Settings": (
            ["Setting", "Default", "Description"],
            [
                "{max|min|cache|log|retry|queue|page}_{size|time|limit|level|count}",
                "{<n1>|<n3>|on|off|<n4>}",
                "{How much is kept|How long to wait|When to stop|What is written down}",
            ],
        ),
        "Matches": (["Date", "Opponent", "Result", "Scorer"], ["<date>", "<place>", "<small>:<small>", "<last>"]),
        "Branches": (["Branch", "Manager", "Employees", "Opens"], ["<place>", "<p1>", "<n2>", "<time>"]),
        "Plants": (
            ["Plant", "Sow", "Harvest", "Distance"],
            ["{Beans|Carrots|Kale|Leeks|Onions|Peas|Radish|Spinach|Beetroot}", "<month>", "<month>", "<n1> cm"],
        ),
        "Flights": (
            ["Flight", "From", "To", "Departs"],
            ["<code>", "<place>", "{Rome|Lima|Doha|Kyiv|Delhi|Cairo|Tunis|Seoul}", "<time>"],
        ),
        "Deadlines": (
            ["Task", "Responsible", "Due", "State"],
            [
                "{Tax return|Budget|Poster|Audit|Newsletter|Inventory|Insurance|Website}",
                "<p1>",
                "<date>",
                "{open|done|late|waiting}",
            ],
        ),
        "Plans": (
            ["Plan", "Price", "Users", "Storage"],
            ["{Free|Basic|Plus|Team|Business|Enterprise}", "<money2>", "<n2>", "<n3> GB"],
        ),
        "Badges": (
            ["Badge", "For", "Test"],
            [
                "{Frog|Otter|Seal|Dolphin|Shark|Whale|Newt}",
                "{beginners|children from <small1>|good swimmers|adults}",
                "{<n3> metres|dives <small> metres|swims in clothes|floats for a minute}",
            ],
        ),
        "Medicine": (
            ["Medicine", "Dose", "When", "Against"],
            [
                "{Asporal|Benitrex|Cardolin|Dexipan|Folinor|Metaxil}",
                "<n2> mg",
                "{morning|noon|evening|before meals}",
                "{pain|cough|high pressure|fever}",
            ],
        ),
    }
    title = rng.choice(list(kinds))
    header, patterns = kinds[title]
    rows: list[list[str]] = []
    for _ in range(rng.randint(3, 10)):
        row = [re.sub(r"\s+", " ", fresh(pattern)).strip() for pattern in patterns]
        if all(row[0] != other[0] for other in rows):
            rows.append(row)
    return title, list(header), rows, "things"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--papers", type=int, default=12000)
    parser.add_argument("--tables", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=0)
    settings = parser.parse_args()
    settings.out.mkdir(parents=True, exist_ok=True)
    for name, make, count in (("papers", paper, settings.papers), ("tables", table, settings.tables)):
        rng = random.Random(f"{name} {settings.seed}")
        written = 0
        with gzip.open(settings.out / f"{name}.jsonl.gz", "wt", encoding="utf-8") as file:
            while written < count:
                for row in stray(rng) if name == "papers" and rng.random() < 0.3 else make(rng):
                    written += 1
                    file.write(json.dumps({**row, "id": f"{name}-{written}"}, ensure_ascii=False) + "\n")
        print(name, written)


if __name__ == "__main__":
    main()
