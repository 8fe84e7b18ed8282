"""The documentation of all streams and audit rules as files: one page each and an index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from geodata.faults import N_, Fault, InputError
from scenarios import wording
from scenarios.audit_profile import AuditRule, audit_ids, audit_rule, known_checks
from scenarios.load import profile_of
from scenarios.load_knowledge import profile_names, stream_ids
from scenarios.schema import StreamProfile, StreamUse
from scenarios.stream_docs import Page
from scenarios.stream_tables import amount_table, markdown_table
from scenarios.validation import unknown_key

INDEX = "README.md"


def find_stream(name: str) -> str:
    """The id of the stream or audit rule that a word means: id, name, or a unique beginning.

    Raises
    ------
    InputError
        For a word that means none, naming the nearest.
    """
    ids = (*stream_ids(), *audit_ids())
    word = name.strip().casefold().replace("-", "_")
    if word in ids:
        return word
    if word in profile_names():
        return profile_names()[word]
    begins = [one for one in ids if one.startswith(word)]
    if word and len(begins) == 1:
        return begins[0]
    known = [*ids, *profile_names()]
    raise InputError([unknown_key("streams", name, word, begins or known)])


def page(name: str, lang: str) -> str:
    """The page of a stream or an audit rule of the package, as Markdown."""
    if name in audit_ids():
        return audit_page(audit_rule(name), lang)
    return Page(profile_of(StreamUse(stream=name)), lang).text()


def audit_page(rule: AuditRule, lang: str) -> str:
    """The page of an audit rule."""
    _ = wording.translator(lang)
    about = (
        (_("Name in scenarios"), f"`{rule.id}`"),
        (_("Systems of the source documents"), ", ".join(rule.systems)),
        (_("Responsible"), rule.department),
    )
    stated, known = _("Tonnages the documents state"), _("What a planner should know")
    lines = [
        f"# {rule.name.in_language(lang)}\n",
        rule.summary.in_language(lang) + "\n",
        *(f"- {name}: {value}" for name, value in about),
        "- " + _("Nothing is sited: `wangdian check` tells what is wrong."),
        *_section(_("What it asks for"), [rule.asks.in_language(lang)]),
        *_section(
            _("What it checks"),
            [f"- {known_checks()[one].in_language(lang)} `{one}`" for one in rule.checks],
        ),
        *_section(stated, list(amount_table(rule.amounts, lang))),
        *_section(
            known,
            [f"- {one.in_language(lang)} ({one.source_in(lang)})" for one in rule.remarks],
        ),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"\n## {title}\n", *lines] if lines else []


def index(lang: str) -> str:
    """The list of all pages with the documents' systems that each stands for."""
    _ = wording.translator(lang)
    streams = [profile_of(StreamUse(stream=one)) for one in stream_ids()]
    audits = [audit_rule(one) for one in audit_ids()]
    lines = [
        "# " + _("Streams and audit rules") + "\n",
        _("Written from the YAML files by `wangdian streams doc`; change those and write anew."),
        "",
        *markdown_table(
            (_("Stream"), _("Systems of the source documents"), _("Levels"), _("What it is")),
            [_stream_row(one, lang) for one in streams],
        ),
        "",
        *markdown_table(
            (_("Audit rule"), _("Systems of the source documents"), _("What it is")),
            [
                (
                    f"[{one.name.in_language(lang)}]({one.id}.md)",
                    ", ".join(one.systems),
                    one.summary.in_language(lang),
                )
                for one in audits
            ],
        ),
    ]
    return "\n".join(lines) + "\n"


def _stream_row(one: StreamProfile, lang: str) -> tuple[str, ...]:
    return (
        f"[{one.name.in_language(lang)}]({one.id}.md)",
        ", ".join(one.systems),
        " → ".join(tier.name.in_language(lang) for tier in one.tiers),
        one.summary.in_language(lang),
    )


def pages(lang: str) -> Iterator[tuple[str, str]]:
    """File name and text of every page of a language, the index first."""
    yield INDEX, index(lang)
    for name in (*stream_ids(), *audit_ids()):
        yield f"{name}.md", page(name, lang)


def write_pages(folder: Path) -> list[Path]:
    """Write the pages of both languages into ``folder/zh`` and ``folder/en``.

    Returns
    -------
    The files written, new or not.

    Raises
    ------
    InputError
        If the folder is a file.
    """
    if folder.is_file():
        raise InputError([Fault(str(folder), N_("is a file; name a folder"))])
    written = []
    for lang in wording.LANGUAGES:
        (folder / lang).mkdir(parents=True, exist_ok=True)
        for name, text in pages(lang):
            path = folder / lang / name
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written
