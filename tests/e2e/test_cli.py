"""The commands that end: what they print, for people and for programs, and how they end."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nearcopy import embedded, samples
from nearcopy.archive import Archive
from nearcopy.check import compare
from nearcopy.document import Document
from nearcopy.parameters import Parameters
from service.cli.exits import MEANING, Exit
from service.cli.records import SUPPORTED
from service.settings import table
from tests.conftest import Server
from tests.e2e.running import COLOUR, PROGRAM, SECONDS, environment, run, run_on_terminal, start
from tests.waiting import until

DOCUMENTS = list(samples.archive())
COLLECTION = f"cli{os.getpid()}"


def lines_of(records: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.fixture(scope="module")
def sample_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("samples") / "archive.jsonl"
    path.write_bytes(lines_of([document.to_dict() for document in DOCUMENTS]))
    return path


@pytest.fixture(scope="module")
def submission(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("submission") / "submission.txt"
    path.write_text(samples.submission(), "utf-8")
    return str(path)


@pytest.fixture(scope="module")
def added(redis_url: str, sample_file: Path) -> dict[str, str]:
    """The variables that name a collection which holds the samples: `add` put them there."""
    variables = {"NEARCOPY_REDIS_URL": redis_url, "NEARCOPY_COLLECTION": COLLECTION}
    done = run("add", str(sample_file), "--json", **variables)
    assert done.code == Exit.DONE, done.err
    summary = json.loads(done.out)
    assert {name: summary[name] for name in ("created", "replaced", "unchanged", "rejected")} == {
        "created": len(DOCUMENTS), "replaced": 0, "unchanged": 0, "rejected": 0
    }
    assert done.err == ""
    return variables


@pytest.fixture
def fresh(redis_url: str, collection: str) -> dict[str, str]:
    """The variables that name a collection which does not exist yet."""
    return {"NEARCOPY_REDIS_URL": redis_url, "NEARCOPY_COLLECTION": collection}


@pytest.fixture
def opened(redis_url: str, collection: str) -> Iterator[Archive]:
    with Archive.open(redis_url, collection) as archive:
        yield archive


def test_help_names_every_command_and_every_exit_code() -> None:
    shown = run("--help").out
    for command in ("demo", "serve", "check", "compare", "add", "get", "remove", "stats", "params"):
        assert f"\n  {command} " in shown
    for code, meaning in MEANING.items():
        assert f"{code:<4} {meaning}\n" in shown
    mine = run("compare", "--help").out
    assert f"{Exit.USAGE:<4} {MEANING[Exit.USAGE]}\n" in mine
    assert MEANING[Exit.UNAVAILABLE] not in mine
    assert MEANING[Exit.UNAVAILABLE] in run("stats", "--help").out


def test_help_of_serve_is_the_table_of_settings() -> None:
    shown = " ".join(run("serve", "--help").out.split())
    for variable, default, help in table():
        source = f"[env var: {variable}; default: {default}]" if default else f"[env var: {variable}]"
        assert f"{help[0].upper()}{help[1:]}. {source}" in shown


def test_params_tells_what_an_index_finds_and_costs() -> None:
    chosen = Parameters.for_threshold(0.7, 0.95)
    told = json.loads(run("params", "--threshold", "0.7", "--probability", "0.95", "--json").out)
    assert (told["bands"], told["rows"], told["digest"]) == (chosen.bands, chosen.rows, chosen.digest)
    assert told["postings_per_paragraph"] == chosen.bands
    assert [point["probability"] for point in told["detection"]] == [
        chosen.detection(step / 20) for step in range(1, 21)
    ]
    shown = run("params").out
    standard = Parameters()
    assert shown.startswith(f"{standard.bands} bands of {standard.rows} rows")
    assert f"found with {standard.probability:.1%} probability" in shown
    assert f" 0.45   {standard.detection(0.45):.2%}" in shown
    assert any("\u2801" <= letter <= "\u28ff" for letter in shown)


def test_check_answers_what_the_engine_answers(added: dict[str, str], submission: str) -> None:
    told = json.loads(run("check", submission, "--limit", "3", "--json", **added).out)
    expected = reported(added, limit=3)
    assert told.pop("took_ms") > 0
    del expected["took_ms"]
    assert told == expected
    assert told["sources"]


def test_check_of_stdin_leaves_out_whom_it_is_told_to(added: dict[str, str], submission: str) -> None:
    text = Path(submission).read_bytes()
    everyone = reported(added)["sources"]
    without = json.loads(
        run(
            "check", "-", "--json", "--exclude-document", everyone[0]["document"], "--exclude-publisher",
            everyone[1]["publisher"], stdin=b"\xef\xbb\xbf" + text, **added,
        ).out
    )["sources"]
    assert [source["document"] for source in without] == [
        source["document"]
        for source in everyone[1:]
        if source["publisher"] != everyone[1]["publisher"]
    ]


def test_the_readable_report_says_it_in_a_sentence_and_shows_the_proof(
    added: dict[str, str], submission: str
) -> None:
    done = run("check", submission, **added)
    report = reported(added)
    best, earliest = report["sources"][0], next(one for one in report["sources"] if one["earliest"])
    shown = " ".join(done.out.split())
    assert "\x1b" not in done.out
    assert shown.startswith(
        f"{report['verdict']}: {report['coverage']:.0%} of this text was published before: "
        f"{best['containment']:.0%} stands in “{best['title']}”, {best['publisher']}, "
    )
    assert f"earliest of {report['sources_found']} sources is “{earliest['title']}”" in shown
    passage = best["passages"][0]
    assert f"{passage['start']}-{passage['end']} in the text" in shown
    assert " ".join(samples.submission()[passage["start"] :].split()[:8]) in shown
    for paragraph in report["paragraphs"]:
        assert f"{paragraph['start']}-{paragraph['end']} " in shown
    assert f"any {report['detection']['verbatim_words']} words copied word for word always" in shown
    assert f"{report['candidates']} candidates" in shown


def test_the_report_fits_80_columns_and_breaks_no_id(
    fresh: dict[str, str], opened: Archive, submission: str
) -> None:
    ids = ["an-id-that-is-longer-than-the-line-" * 4, "x-" * 30 + "of  two  spaces"]
    for hour, id in enumerate(ids):
        date = f"2024-10-08T0{hour}:30:00Z"
        opened.put(Document(id, samples.submission(), "A title " * 20, "Publisher " * 20, published_at=date))
    lines = [line.rstrip() for line in run("check", submission, COLUMNS="80", **fresh).out.splitlines()]
    for id in ids:
        assert f"    {id}" in lines
    assert any(line.endswith(f" in {ids[0]}") for line in lines)
    assert max(len(line) for line in lines if not line.endswith(tuple(ids))) <= 80
    shown = " ".join(" ".join(lines).split())
    assert "8 Oct 2024, 00:30 UTC, earliest" in shown
    assert "8 Oct 2024, 01:30 UTC A title" in shown


def test_colour_goes_to_a_terminal_that_wants_it(added: dict[str, str], submission: str) -> None:
    assert COLOUR.search(run_on_terminal("check", submission, **added).out)
    assert not COLOUR.search(run_on_terminal("check", submission, NO_COLOR="1", **added).out)


def test_progress_is_for_terminals(fresh: dict[str, str], sample_file: Path) -> None:
    shown = run_on_terminal("add", str(sample_file), **fresh)
    assert shown.code == Exit.DONE
    assert "time left" in shown.out
    assert "a second" in shown.out
    piped = run("add", str(sample_file), **fresh)
    assert piped.err == ""
    assert piped.out.startswith(f"0 created, 0 replaced, {len(DOCUMENTS)} unchanged, 0 rejected")
    assert piped.out.count("\n") == 1


def test_get_gives_a_document_back(added: dict[str, str]) -> None:
    document = DOCUMENTS[0]
    assert json.loads(run("get", document.id, "--json", **added).out) == document.to_dict()
    shown = run("get", document.id, **added).out
    assert f"title: {document.title}\n" in shown
    assert shown.endswith(f"\n\n{document.text}\n")


def test_a_stored_text_does_not_drive_the_terminal(fresh: dict[str, str], opened: Archive) -> None:
    record = {"id": "x", "title": "red \x1b[31m and \u202e", "text": "words that \x1b]0;change the title\x07"}
    opened.put(Document.checked(record))
    shown = run_on_terminal("get", "x", **fresh).out
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "words that \ufffd]0;change" in shown


def test_remove_and_stats(fresh: dict[str, str], opened: Archive) -> None:
    records = [{"id": f"d{n}", "text": f"document number {n} of three"} for n in range(3)]
    for record in records:
        opened.put(Document.checked(record))
    done = run("remove", "d0", "nobody", "d2", "--json", **fresh)
    assert done.code == Exit.NOT_FOUND
    assert json.loads(done.out) == {"removed": ["d0", "d2"], "missing": ["nobody"]}
    assert "'nobody'" in done.err
    told = json.loads(run("stats", "--json", **fresh).out)
    assert (told["documents"], told["collection"]) == (1, opened.store.collection)
    gone = run("get", "d0", **fresh)
    assert (gone.code, gone.out) == (Exit.NOT_FOUND, "")
    assert "there is no document 'd0'" in gone.err


def test_compare_answers_what_the_engine_answers(tmp_path: Path) -> None:
    a, b = DOCUMENTS[0].text, f"Something else first. {DOCUMENTS[0].text[: len(DOCUMENTS[0].text) // 2]}"
    (tmp_path / "a").write_text(a, "utf-8")
    done = run("compare", str(tmp_path / "a"), "-", "--json", stdin=b.encode())
    assert json.loads(done.out) == json.loads(json.dumps(compare(a, b, Parameters()).to_dict()))
    shown = run("compare", str(tmp_path / "a"), "-", stdin=b.encode()).out
    assert "of A stands in B" in shown


def test_bad_records_are_named_and_do_not_stop_the_rest(
    fresh: dict[str, str], opened: Archive, tmp_path: Path
) -> None:
    bad = {
        2: (b'{"id": "x", "text": "broken', "not JSON"),
        3: (b'{"id": "x"}', "text is missing"),
        4: (b'{"text": "a text without an id"}', "id is missing"),
        5: (b'{"id": "x", "text": "a text", "published_at": "yesterday"}', "not an ISO 8601 date"),
        6: (b'{"id": "x", "text": "caf\xe9"}', "not UTF-8 at byte 24"),
        7: (b'{"id": "x", "text": "half a \\ud83d pair"}', "lone surrogate"),
        8: (b'["a", "list"]', "must be a JSON object"),
        9: (b"[" * 100_000, "not JSON"),
    }
    path = tmp_path / "bad.jsonl"
    first = b'\xef\xbb\xbf{"id": "first", "text": "the first text"}'
    last = b'{"id": "last", "text": "the last text"}'
    path.write_bytes(b"\n".join([first, *(line for line, _ in bad.values()), b"", last]))
    done = run("add", str(path), **fresh)
    assert done.code == Exit.REJECTED
    complaints = done.err.splitlines()
    assert len(complaints) == len(bad)
    for complaint, (number, (_, reason)) in zip(complaints, bad.items(), strict=True):
        assert complaint.startswith(f"nearcopy: {path}:{number}: ")
        assert reason in complaint
    assert done.out.startswith(f"2 created, 0 replaced, 0 unchanged, {len(bad)} rejected")
    assert (opened.get("first").text, opened.get("last").text) == ("the first text", "the last text")


def test_a_file_of_another_kind_is_one_complaint(
    fresh: dict[str, str], sample_file: Path, tmp_path: Path
) -> None:
    kinds = {
        "a.bz2": bz2.compress(sample_file.read_bytes()),
        "a.csv": b"id,text\n1,some words\n2,more words\n",
        "a.gz": gzip.compress(b"[\n" + sample_file.read_bytes() + b"]\n"),
    }
    for name, content in kinds.items():
        (tmp_path / name).write_bytes(content)
    done = run("add", *(str(tmp_path / name) for name in kinds), "--json", **fresh)
    assert done.code == Exit.REJECTED
    assert done.err.splitlines() == [
        f"nearcopy: {tmp_path / name}: not JSON lines; {SUPPORTED}" for name in kinds
    ]
    assert json.loads(done.out)["rejected"] == len(kinds)


def test_a_truncated_gzip_keeps_what_came_before(
    fresh: dict[str, str], opened: Archive, sample_file: Path, tmp_path: Path
) -> None:
    packed = gzip.compress(sample_file.read_bytes())
    (tmp_path / "whole.gz").write_bytes(packed)
    (tmp_path / "half.gz").write_bytes(packed[: len(packed) // 2])
    half = run("add", str(tmp_path / "half.gz"), "--json", **fresh)
    assert half.code == Exit.REJECTED
    assert "the gzip data ends too early" in half.err
    kept = json.loads(half.out)["created"]
    assert 0 < kept < len(DOCUMENTS)
    assert [opened.get(document.id) for document in DOCUMENTS[:kept]] == DOCUMENTS[:kept]
    rest = run("add", "-", "--json", stdin=packed, **fresh)
    summary = json.loads(rest.out)
    assert (summary["unchanged"], summary["created"]) == (kept, len(DOCUMENTS) - kept)


def test_a_folder_of_texts(fresh: dict[str, str], opened: Archive, tmp_path: Path) -> None:
    (tmp_path / "2024" / "may").mkdir(parents=True)
    (tmp_path / "2024" / "may" / "fair.txt").write_bytes("\ufeffThe fair opened.\n".encode())
    (tmp_path / "a.txt").write_text("Another text.")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait")
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "notes.md").write_text("Not a text of the archive.")
    done = run("add", str(tmp_path), "--json", **fresh)
    assert done.code == Exit.REJECTED
    assert json.loads(done.out)["created"] == 2
    assert opened.get("2024/may/fair.txt").text == "The fair opened.\n"
    assert opened.get("a.txt").text == "Another text."
    assert f"{tmp_path / 'latin.txt'}: not UTF-8 at byte 3" in done.err
    assert f"{tmp_path / 'empty.txt'}: text is empty" in done.err


def test_every_refusal_is_a_line_and_a_code(added: dict[str, str], submission: str, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9 au lait")
    (tmp_path / "none.txt").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.txt").write_bytes(b"")
    refusals = [
        (Exit.USAGE, "does not exist", ("check", "nowhere.txt"), b""),
        (Exit.USAGE, "No such command", ("chek",), b""),
        (Exit.USAGE, "is not UTF-8 at byte 3", ("check", str(tmp_path / "latin.txt")), b""),
        (Exit.USAGE, "there is no .txt file", ("add", str(tmp_path / "empty")), b""),
        (Exit.USAGE, "cannot find a resemblance", ("params", "--threshold", "0.01"), b""),
        (Exit.USAGE, "--port, or NEARCOPY_PORT", ("serve", "--port", "70000"), b""),
        (Exit.USAGE, "stdin holds no word", ("check", "-"), b"***"),
        (Exit.USAGE, f"{tmp_path / 'none.txt'} is empty", ("compare", "-", str(tmp_path / "none.txt")), b"a"),
        (Exit.USAGE, "--redis-url, or NEARCOPY_REDIS_URL", ("stats", "--redis-url", "http://x"), b""),
        (Exit.USAGE, "between 0.5", ("check", submission, "--threshold", "0.1"), b""),
        (Exit.USAGE, "a collection's name", ("stats", "--collection", "-x"), b""),
        (Exit.NOT_FOUND, "`nearcopy add` begins one", ("stats", "--collection", "nobody"), b""),
        (Exit.UNAVAILABLE, "NEARCOPY_REDIS_URL, names", ("stats", "--redis-url", "redis://127.0.0.1:1"), b""),
        (Exit.OTHER_PARAMETERS, "was built with", ("add", "-", "--threshold", "0.7"), b""),
    ]
    with ThreadPoolExecutor(4) as side_by_side:
        ended = side_by_side.map(lambda refusal: run(*refusal[2], stdin=refusal[3], **added), refusals)
        for (code, says, arguments, _), done in zip(refusals, ended, strict=True):
            assert (done.code, done.out) == (code, ""), (arguments, done)
            assert says in done.err


def test_a_reader_that_leaves_is_no_error(fresh: dict[str, str], opened: Archive) -> None:
    opened.put(Document("long", "many words " * 50_000))
    with start("get", "long", **fresh) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(SECONDS) == Exit.READER_GONE
        assert process.stderr.read() == b""


def test_ctrl_c_keeps_what_was_stored(fresh: dict[str, str], opened: Archive) -> None:
    with start("add", "-", **fresh) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(lines_of([document.to_dict() for document in DOCUMENTS]))
        process.stdin.flush()
        until(lambda: opened.stats()["documents"] >= 128)
        os.killpg(process.pid, signal.SIGINT)
        complaints = process.stderr.read().decode()
        assert process.wait(SECONDS) == Exit.INTERRUPTED
    assert "stopped early" in complaints
    assert complaints.endswith("nearcopy: interrupted\n")


def test_redis_that_dies_meanwhile_is_named(
    new_server: Callable[[], Server], collection: str
) -> None:
    server = new_server()
    process = start("add", "-", NEARCOPY_REDIS_URL=server.url, NEARCOPY_COLLECTION=collection)
    assert process.stdin is not None
    process.stdin.write(lines_of([document.to_dict() for document in DOCUMENTS[:200]]))
    process.stdin.flush()
    with Archive.open(server.url, collection) as archive:
        until(lambda: archive.stats()["documents"] >= 128)
    server.kill()
    complaints = process.communicate(timeout=SECONDS)[1].decode()
    assert process.returncode == Exit.UNAVAILABLE
    assert "Redis does not answer" in complaints
    assert "Traceback" not in complaints


def test_without_a_url_the_embedded_redis_keeps_the_archive(tmp_path: Path) -> None:
    variables = {"NEARCOPY_DATA_DIR": str(tmp_path)}
    record: dict[str, object] = {"id": "kept", "text": "kept from one run to the next"}
    try:
        added = run("add", "-", stdin=lines_of([record]), **variables)
        assert added.code == Exit.DONE, added.err
        assert json.loads(run("get", "kept", "--json", **variables).out)["text"] == record["text"]
    finally:
        embedded.start(tmp_path).stop()


def test_the_installed_program_is_the_same() -> None:
    installed = Path(PROGRAM[0]).with_name("nearcopy")
    told = subprocess.check_output([installed, "--version"], env=environment(), timeout=SECONDS)
    assert told == run("--version").out.encode()


def reported(variables: dict[str, str], **options: int) -> Any:
    """What the engine itself reports of the sample submission, in JSON."""
    with Archive.open(variables["NEARCOPY_REDIS_URL"], variables["NEARCOPY_COLLECTION"]) as archive:
        return json.loads(json.dumps(archive.check(samples.submission(), **options).to_dict()))
