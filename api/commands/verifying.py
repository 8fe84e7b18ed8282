"""``wangdian verify``: a plan re-checked from its files."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.options import AsJson, Lang, Language

if TYPE_CHECKING:
    from scenarios.verify import VerifiedPlan, VerifiedTier
    from scenarios.wording import Translate

SHOWN = 20
"""So many findings of a tier are listed; --json has all."""


def verify(
    plan: Annotated[
        Path, typer.Argument(metavar="PLAN", help="A plan.json, or the folder of a plan.")
    ],
    lang: Language = Lang.ZH,
    as_json: AsJson = False,
) -> None:
    """Re-check a plan from its files: every rule, the objective, and the bound where it can be.

    Exit codes: 0 it holds, 1 something does not, 2 the files cannot be read.
    """
    from api.exits import Exit, told  # noqa: PLC0415 - help must not wait for the solver
    from api.summary import print_json  # noqa: PLC0415
    from scenarios.verify import verify_files  # noqa: PLC0415

    with told(lang, as_json=as_json):
        found = verify_files(plan)
        if as_json:
            holds = all(one.holds for one in found)
            print_json({"holds": holds, "plans": [_plain(one, lang) for one in found]})
        else:
            for one in found:
                _show(one, lang)
        raise SystemExit(Exit.PLAN if all(one.holds for one in found) else Exit.NO_PLAN)


def _show(plan: VerifiedPlan, lang: Lang) -> None:
    from scenarios.wording import translator  # noqa: PLC0415

    _ = translator(lang)
    out = sys.stdout.write
    recomputed = _("every rule and the objective, recomputed")
    verdict = _("holds") if plan.holds else _("does NOT hold")
    out(f"{plan.stream_names.get(lang, plan.stream)} · {plan.path}: {verdict}\n")
    for one in plan.findings:
        out(f"  ✗ {one.text(_)}\n")
    for tier in plan.tiers:
        if not tier.findings:
            out(f"  ✓ {tier.tier}: {recomputed}\n")
        for one in tier.findings[:SHOWN]:
            out(f"  ✗ {tier.tier}: {one.text(_)}\n")
        if len(tier.findings) > SHOWN:
            out("    " + _("and {count} more").format(count=len(tier.findings) - SHOWN) + "\n")
        out(f"  {_about_bound(tier, _)}\n")


def _about_bound(tier: VerifiedTier, _: Translate) -> str:
    """Whose word the bound is."""
    one = tier.certificate
    if not math.isfinite(one.bound):
        return f"– {tier.tier}: " + _("there is no bound to prove")
    if tier.bound_proven:
        return f"✓ {tier.tier}: " + _("bound proven again by one evaluation")
    if tier.bound_proven is False:
        return f"✗ {tier.tier}: " + _("bound not proven by its multipliers")
    solvers = one.bound_proof == "solver"
    who = f"{one.solver} {one.solver_version}" if solvers else f"{one.method}, {one.bound_proof}"
    return f"– {tier.tier}: " + _("bound not proven again; it is the word of {who}").format(who=who)


def _plain(plan: VerifiedPlan, lang: Lang) -> dict[str, Any]:
    from scenarios.wording import translator  # noqa: PLC0415

    _ = translator(lang)
    return {
        "file": str(plan.path),
        "stream": plan.stream,
        "holds": plan.holds,
        "findings": [_finding(one, _) for one in plan.findings],
        "tiers": [
            {
                "id": tier.tier,
                "holds": not tier.findings,
                "bound_proven": tier.bound_proven,
                "bound_proof": tier.certificate.bound_proof,
                "findings": [_finding(one, _) for one in tier.findings],
            }
            for tier in plan.tiers
        ],
    }


def _finding(one: Any, _: Translate) -> dict[str, Any]:
    return {"rule": one.rule, "subject": one.subject, "amount": one.amount, "text": one.text(_)}
