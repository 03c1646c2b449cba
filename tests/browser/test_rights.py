"""My rights over the wire: each gets the own answers, nobody another's; a wrong question gets a page that helps."""

import io
import json
import re
import zipfile
from collections.abc import Callable

import pytest

from pages_support import Visitor, heading

pytestmark = [pytest.mark.database, pytest.mark.browser]

Visit = Callable[..., Visitor]


def asked(visitor: Visitor, right: str, **form: str) -> str:
    """Ask for a right; return the number of the request."""
    answer = visitor.post("/nl/rights/ask", right=right, **form)
    found = re.search(r"done=(\d+)", str(answer.url))
    assert found is not None, heading(answer)
    return found[1]


def test_access_is_a_page_and_a_file_with_everything_of_the_own_home(visit: Visit) -> None:
    visitor = visit("demo")
    number = asked(visitor, "access")
    found = json.loads(visitor.get(f"/nl/rights/file?request={number}&form=json").text)
    assert {one["product"] for one in found["connections"]} == {"electricity", "gas"}
    home = next(one for one in found["connections"] if one["product"] == "electricity")
    assert sum(len(one["values"]) for each in home["readings"] for one in each["series"]) >= 96
    assert len(home["supplies"]) >= 1
    assert len(home["recipients"]) >= 1
    assert len(found["log"]) > 3
    assert found["person"]["name"]
    page = visitor.get(f"/en/rights/data?request={number}").text
    assert "Who got something" in page
    assert home["metering_point"] not in page, "an EAN stands in the file only"
    assert home["metering_point"][-4:] in page


def test_portability_comes_as_json_and_as_csv_and_says_what_is_not_in_it(visit: Visit) -> None:
    visitor = visit("demo")
    number = asked(visitor, "portability")
    found = json.loads(visitor.get(f"/nl/rights/file?request={number}&form=json").text)
    assert {one["rule"] for one in found["left_out"]} >= {"S1", "O1"}
    packed = visitor.get(f"/nl/rights/file?request={number}&form=csv")
    assert packed.headers["content-disposition"] == 'attachment; filename="kwartier-portability.zip"'
    assert {"person.csv", "permissions.csv"} <= set(zipfile.ZipFile(io.BytesIO(packed.content)).namelist())


def test_what_is_anothers_looks_as_if_it_were_not_there(visit: Visit) -> None:
    number = asked(visit("demo"), "access")
    other = visit("switched")
    for path in (f"rights/data?request={number}", f"rights/file?request={number}&form=json", "rights/data?request=999999"):
        assert other.title(f"/nl/{path}") == (404, "Niet gevonden")
    assert heading(other.post("/nl/rights/lift", request=number)) == "Niet gevonden"
    assert number not in re.findall(r'name="request" value="(\d+)"', other.get("/nl/rights").text)


@pytest.mark.parametrize("path", ["rights", "rights/ask?right=access", "rights/data?request=1"])
def test_nobody_asks_without_signing_in(visit: Visit, path: str) -> None:
    assert visit().get(f"/nl/{path}").url.path == "/nl/"
    assert visit().get("/nl/rights/file?request=1&form=json").status_code == 403


@pytest.mark.parametrize(
    ("form", "status", "title"),
    [
        ({"right": "nonsense"}, 400, "Die vraag is niet duidelijk"),
        ({"right": "objection"}, 400, "Die vraag is niet duidelijk"),
        ({"right": "objection", "about": "periodic_reading"}, 400, "Die vraag is niet duidelijk"),
        ({}, 400, "Die vraag is niet duidelijk"),
        ({"right": "rectification"}, 400, "U zei niet wat er anders moet"),
        ({"right": "rectification", "words": " "}, 400, "U zei niet wat er anders moet"),
    ],
)
def test_a_wrong_question_changes_nothing(visit: Visit, form: dict[str, str], status: int, title: str) -> None:
    visitor = visit("missing")
    answer = visitor.post("/nl/rights/ask", **form)
    assert (answer.status_code, heading(answer)) == (status, title)
    assert "Wat u vroeg" not in visitor.get("/nl/rights").text


def test_nothing_is_asked_twice_and_words_come_back_as_text(visit: Visit) -> None:
    visitor = visit("moved_in")
    asked(visitor, "rectification", words="<b>Ik</b> woon hier pas sinds mei & niet eerder")
    page = visitor.get("/nl/rights").text
    assert "&lt;b&gt;Ik&lt;/b&gt; woon hier" in page
    assert heading(visitor.post("/nl/rights/ask", right="rectification", words="nogmaals")) == "U vroeg dit al eerder"
    assert visitor.post("/nl/rights/ask", right="access", words="x" * 5000).status_code == 400
