"""Write the two binary documents of the sample library: orran-head-guide-2024.pdf and tamber-manual.docx.

In: the two texts below, in a small markup (see `blocks`). Out: the files in `library/` beside this script, the same bytes
on every run of the same library versions. It does not touch the text, Markdown and HTML documents, which are written by hand.

Needs reportlab 4 or newer and python-docx 1.1 or newer (`pip install reportlab python-docx`); run `python seeds/make.py`.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from docx import Document
from reportlab.lib import colors
from reportlab.lib.pagesizes import A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

LIBRARY = Path(__file__).resolve().parent / "library"
WRITTEN = datetime(2024, 3, 1)  # a fixed date keeps the files the same from run to run
MARGIN = 16 * mm  # reportlab's frame adds 6 points inside it

GUIDE = """
# Orran Head Lighthouse
Visitor guide for the 2024 season

## Opening hours and prices
The museum opens for the season on Saturday 30 March 2024 and closes on Sunday 27 October 2024. From April to September
it is open every day from 10:00 to 17:00, in October from 11:00 to 16:00. Last admission is 45 minutes before closing.

| Ticket | Museum | Museum and tower
| Adult | £5.50 | £7.50
| Child, 5 to 15 years | £2.50 | £4.00
| Family, two adults and up to three children | £13.50 | £19.00

Children under five go free.

## Climbing the tower
Tours of the tower start at 11:00, 13:00 and 15:00, last 45 minutes and are limited to 12 people. There are 142 steps.
Children must be at least 1.10 metres tall, because the last flight is a steep iron ladder with open treads. Large bags
stay at the desk. In wind above force 8 the gallery is closed.

## Getting here in 2024
Bus 47 from Port Lorne harbour takes 25 minutes and runs every hour from 08:40. The car park has 40 spaces and costs £3
a day. Dogs are allowed in the grounds on a lead.

---
## Why a light was needed
Half a mile off the head lies a reef called the Teeth, which is covered at high water. In the winter of 1857 it sank the
barque Aurelia and two colliers within nine days, and 31 people drowned. Local shipowners sent a petition with 614
signatures to the lighthouse authority, and the money was granted the following spring.

## Building the tower
The engineer was James Kerrigan, who had until then built harbours. Work began in May 1859. The tower is made of
2,860 blocks of granite from the Lorne quarry, each cut with a dovetail so that it grips its neighbours; the idea comes
from John Smeaton's tower on the Eddystone rocks, finished in 1759. The whole cost £21,400, about £3,000 more than
planned, because a storm in October 1860 carried away the landing stage and the crane.

The lamp was lit for the first time on 3 November 1861. The tower is 34 metres high, and the light stands 48 metres
above the sea. It shows two white flashes every 15 seconds and can be seen for 21 nautical miles.

## Dates to remember
- 1861: first lit, with a lamp that burned rapeseed oil
- 1878: paraffin takes the place of rapeseed oil
- 1894: the fog siren is installed
- 1936: electric light
- 1988: the station becomes automatic
- 1996: the museum opens

---
## How the lens works
A bare flame sends its light in every direction, so very little of it reaches a ship. A glass lens large enough to gather
the light would be far too thick and would swallow much of what it collected. In the early 1820s the French engineer
Augustin-Jean Fresnel found the way out: only the curved surface bends the light, so the glass behind it can be left out.
What remains is a set of rings, each with the slope of the full lens at that place. Prisms above and below the rings catch
the light that would escape and turn it towards the horizon. His first large lens was lit in 1823 at Cordouan, at the mouth
of the Gironde.

Lenses are sorted into orders by their focal length, the distance from the flame to the glass.

| Order | Focal length | Usual place
| First | 920 mm | Great sea lights
| Second | 700 mm | Sea lights, Orran Head
| Third | 500 mm | Coasts and large bays
| Fourth | 250 mm | Harbours and rivers
| Sixth | 150 mm | Piers

Our lens was made in Paris and weighs 2.3 tonnes together with its carriage. It used to float in a trough that held 410
kilograms of mercury, and on this bath a child could turn it with one finger. The mercury was taken out in 1988, because
its vapour is poisonous; since then the lens has stood still, and visitors may walk round it.

---
## A keeper's day
Three keepers lived here with their families. Each stood watch for four hours and was then free for eight. Besides the
watch there was a fixed round of work:
- wind the clockwork that turned the lens, every 50 minutes
- trim the wick at the change of watch
- polish the brass and the lens before noon
- hang the curtains in the lamp room at sunrise, because the Sun shining through the lens could set fire to the oil store
- write wind, weather and passing ships into the log

The last principal keeper, Donald Muir, locked the door behind him on 30 September 1988. He had served at Orran Head for
17 years.

## The fog signal
The siren of 1894 was driven by two oil engines and gave three blasts every 90 seconds. It was heard 11 miles away on a
still day. An electric horn, which reached only 6 miles, took its place in 1962. The horn fell silent in 2005, since ships
no longer relied on it.

## Birds and seals
Kittiwakes nest on the north cliff from February to August, some 340 pairs in 2023, against 410 pairs in 2022. The cliff
path is closed from 15 April to 31 July so that the birds are not driven from their eggs. Grey seals have their pups on
the pebble beach in October and November. Please keep 50 metres away from them.
"""

MANUAL = """
# Tamber S and Tamber Duo
Instructions for use and terms of warranty. Calder & Finch coffee machines, edition 3, January 2024.

## The two models
Both machines grind beans and brew espresso and coffee. The Tamber Duo can also froth milk and has a second boiler, so
that coffee and steam are ready at the same time.

| Property | Tamber S | Tamber Duo
| Water tank | 1.8 litres | 2.4 litres
| Bean container | 250 g | 320 g
| Power | 1,450 W | 1,850 W
| Pump pressure | 15 bar | 15 bar
| Weight | 7.9 kg | 10.6 kg
| Heating time | 45 seconds | 70 seconds
| Greatest cup height | 120 mm | 145 mm

## Safety
Place the machine on a level, dry surface and leave 10 cm free at the back, because warm air leaves there. Pull the plug
before you open the service door. Never put caramelised or flavoured beans into the container: the sugar melts in the
grinder and blocks it. Children under eight years must not use the machine.

## First use
- Rinse the water tank and fill it with cold tap water.
- Measure the hardness of the water with the strip supplied and set it in the menu.
- Fill in beans, close the lid and switch on.
- Let the machine rinse twice, then throw away the first two cups.

## Setting the grind
Turn the ring of the grinder only while it is running, one notch at a time. A finer grind makes the coffee stronger, since
the water needs longer to pass through. If coffee comes out in drops, the grind is too fine. The effect shows only from
the third cup on. The ring leaves the factory at 5 on a scale from 1 to 9. Coffee is brewed at 92 °C; in the menu you can choose anything
between 88 °C and 96 °C.

## Cleaning
Rinse the brew unit under warm water once a week, without detergent, because detergent removes the grease from its seals.
Empty the drip tray as soon as the red float can be seen. On the Tamber Duo the milk hose is flushed after every use and
boiled out every 14 days.

## Descaling
The machine asks for descaling after 200 cups, or earlier if the water is hard. The programme takes 35 minutes and must
not be interrupted. Use only a descaler based on citric acid or lactic acid. Vinegar attacks the seals and is therefore
not allowed.

## Error codes
| Code | Meaning | What to do
| E1 | Water tank empty or not in place | Fill the tank and push it in until it clicks
| E2 | Grounds drawer full | Empty it while the machine is on, otherwise the counter is not reset
| E3 | Brew unit missing | Insert the brew unit and close the service door
| E4 | Grinder blocked | Pull the plug, remove the beans and vacuum out the grinder
| E5 | Boiler too hot | Switch off and let the machine cool for 30 minutes
| E6 | Water flow too low | Descale; if the code comes back, replace the water filter
| E7 | Milk line blocked (Duo only) | Boil out the milk hose and clean the nozzle
| E8 | Faulty temperature sensor | Call the service department

The grounds drawer of the Tamber S holds 14 pucks, that of the Tamber Duo holds 18.

## Warranty
The warranty lasts 24 months from the date of purchase, and 36 months for the brew unit. If the machine is used for
business it is reduced to 6 months. The receipt is the proof of purchase. The warranty does not cover:
- damage by limescale
- wear of the grinding discs after 15,000 cups
- repairs by anyone other than an authorised workshop
- broken glass and scratches

Spare parts are kept in stock for ten years after a model goes out of production. The service department in Leuven answers
on weekdays from 08:30 to 17:00. A repair takes ten working days on average; a machine on loan can be had for 25 euros.
"""


class Block(NamedTuple):
    """One piece of a text: kind is title, heading, paragraph, list, table or break; rows hold its cells (one cell but in a table)."""

    kind: str
    rows: list[list[str]]


def blocks(text: str) -> Iterator[Block]:
    """`# ` title, `## ` heading, `- ` list item, `| a | b` table row, `---` page break; other lines run together to a paragraph."""
    markers = {"# ": "title", "## ": "heading", "- ": "list", "| ": "table"}
    current = Block("break", [])
    for line in [*text.strip().splitlines(), ""]:
        marker = next((m for m in markers if line.startswith(m)), "")
        kind = markers.get(marker) or ("break" if line in ("", "---") else "paragraph")
        cells = [c.strip() for c in line[len(marker) :].split(" | ")] if kind == "table" else [line[len(marker) :]]
        if kind == current.kind == "paragraph":
            current.rows[-1][0] += " " + line
        elif kind == current.kind in ("list", "table"):
            current.rows.append(cells)
        else:
            if current.rows:
                yield current
            current = Block(kind, [cells] if line else [])


def write_pdf(text: str, path: Path) -> None:
    """A5 pages with a running title and a page number at the foot."""
    body = ParagraphStyle("body", fontName="Times-Roman", fontSize=10, leading=13, spaceAfter=5)
    styles = {
        "title": ParagraphStyle("title", parent=body, fontName="Helvetica-Bold", fontSize=19, leading=24),
        "heading": ParagraphStyle(
            "heading", parent=body, fontName="Helvetica-Bold", fontSize=12, leading=16, spaceBefore=7
        ),
        "paragraph": body,
        "list": ParagraphStyle("list", parent=body, leftIndent=12, bulletIndent=2, spaceAfter=2),
    }
    grid = TableStyle(
        [
            ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
            ("FONT", (0, 0), (-1, -1), "Times-Roman", 9),
            ("FONT", (0, 0), (-1, 0), "Helvetica-Bold", 8.5),
        ]
    )
    story: list[Flowable] = []
    for kind, rows in blocks(text):
        if kind == "break":
            story.append(PageBreak())
        elif kind == "table":
            story += [Table(rows, style=grid, hAlign="LEFT"), Spacer(1, 6)]
        else:
            story += [Paragraph(row[0], styles[kind], bulletText="\u2022" if kind == "list" else None) for row in rows]

    def foot(canvas: Canvas, template: SimpleDocTemplate) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.drawString(MARGIN + 6, 9 * mm, "Orran Head Lighthouse, visitor guide 2024")
        canvas.drawRightString(A5[0] - MARGIN - 6, 9 * mm, f"Page {template.page}")

    template = SimpleDocTemplate(
        str(path),
        pagesize=A5,
        invariant=1,
        title="Orran Head Lighthouse: visitor guide for the 2024 season",
        author="Orran Head Lighthouse Museum",
        lang="en",
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=14 * mm,
        bottomMargin=17 * mm,
    )
    template.build(story, onFirstPage=foot, onLaterPages=foot)
    path.write_bytes(path.read_bytes().replace(b"D:20000101000000", WRITTEN.strftime("D:%Y%m%d%H%M%S").encode()))


def write_docx(text: str, path: Path) -> None:
    """Word's own styles for title, headings and list, so that a reader can tell them apart."""
    document = Document()
    styles = {"title": "Title", "heading": "Heading 1", "paragraph": "Normal", "list": "List Bullet"}
    for kind, rows in blocks(text):
        if kind == "table":
            table = document.add_table(len(rows), len(rows[0]), style="Table Grid")
            for row, cells in zip(table.rows, rows, strict=True):
                for cell, value in zip(row.cells, cells, strict=True):
                    cell.text = value
        else:
            for row in rows:
                document.add_paragraph(row[0], styles[kind])
    properties = document.core_properties
    properties.title, properties.author, properties.comments = (
        "Tamber S and Tamber Duo: instructions for use",
        "Calder & Finch",
        "",
    )
    properties.created = properties.modified = WRITTEN
    saved = io.BytesIO()
    document.save(saved)
    _write_dated_zip(saved, path)


def _write_dated_zip(archive: io.BytesIO, path: Path) -> None:
    """python-docx stamps every member with the present time; write them again with a fixed one."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            member = zipfile.ZipInfo(name, WRITTEN.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, source.read(name))


if __name__ == "__main__":
    write_pdf(GUIDE, LIBRARY / "orran-head-guide-2024.pdf")
    write_docx(MANUAL, LIBRARY / "tamber-manual.docx")
