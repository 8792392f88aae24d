"""The checks, in the order in which they are reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cmsml_tasks.runtimes.runtime import GraphFacts, Node
from cmsml_tasks.shapes import format_shape
from cmsml_tasks.validation import operations, plan
from cmsml_tasks.validation.agreement import batch_sizes_agree, outputs_agree
from cmsml_tasks.validation.card import Card, rowless
from cmsml_tasks.validation.fit import Problem, signature_problems, unusable
from cmsml_tasks.validation.optimised import optimised_agrees
from cmsml_tasks.validation.reaching import stays_inside
from cmsml_tasks.validation.report import Check
from cmsml_tasks.validation.rows import MAIN
from cmsml_tasks.validation.subject import Subject
from cmsml_tasks.validation.telling import rows_can_tell

INSIDE = "reaches nothing outside"
LOADS = "loads"
BYTES = "bytes as on the card"
VARIABLES = "no variables"
OPERATIONS = "no training-only or stateful operations"
SIGNATURE = "signature as on the card"
TELLING = "rows that can tell"
REFERENCE = "reference outputs"
EXTREME = "extreme rows"
MISSING = "missing rows"
OPTIMISED = "as C++ runs it"
BATCH_SIZES = "batch sizes 1, 2 and N"
FREE_BATCH = "free batch dimension"


def judge(subject: Subject) -> list[Check]:
    """Answer every check; those that cannot be answered say what has to be mended before."""
    rest = (VARIABLES, OPERATIONS, SIGNATURE, *_NUMERIC)
    inside = stays_inside(INSIDE, subject.reached)
    if subject.reached.findings:
        loads, *others = (Check(name, "not run", "the graph is not run") for name in (LOADS, *rest))
        return [inside, loads, _bytes(subject), *others]
    checks = [inside, _loads(subject), _bytes(subject)]
    if subject.run.failure is not None:
        return [*checks, *(Check(name, "not run", "the graph does not load") for name in rest)]
    facts = subject.run.facts
    if facts is None:
        blind = "this runtime does not look into graphs"
        static = [Check(n, "does not apply", blind) for n in (VARIABLES, OPERATIONS, SIGNATURE)]
    else:
        static = [_variables(facts), _operations(facts), _signature(subject.card, facts)]
    checks += static
    if facts is not None and unusable(subject.card, facts):
        reason = "the graph cannot be fed or read by its card"
        return [*checks, *(Check(name, "not run", reason) for name in _NUMERIC)]
    if subject.misfits:
        return [*checks, *_without_reference(subject)]
    return [*checks, *(check(subject) for check in _NUMERIC.values())]


def _loads(subject: Subject) -> Check:
    run = subject.run
    remark = _too_old(subject.card, run.program)
    if run.failure is not None:
        advice = "the file is damaged, or made for another program; export the graph again"
        return Check(
            LOADS,
            "failed",
            "; ".join(filter(None, ["the file cannot be loaded", remark])),
            evidence=[{"problem": run.failure}],
            advice="use a newer TensorFlow there" if remark else advice,
        )
    count = None if run.facts is None else len(run.facts.nodes)
    program = run.program or "" if count is None else f"{run.program}, {count} nodes"
    numbers = {} if count is None else {"nodes": count}
    return Check(LOADS, "passed", "; ".join(filter(None, [program, remark])), numbers)


def _too_old(card: Card, program: str | None) -> str:
    """Say so if the card asks for a newer TensorFlow than *program* is."""
    here = re.search(r"TensorFlow (\d+)\.(\d+)", program or "")
    wanted = re.fullmatch(r"(\d+)\.(\d+)", card.oldest_tensorflow or "")
    if not here or not wanted or (int(here[1]), int(here[2])) >= (int(wanted[1]), int(wanted[2])):
        return ""
    reason = f" ({card.needs})" if card.needs else ""
    return f"the card asks for TensorFlow {card.oldest_tensorflow} or newer{reason}"


def _bytes(subject: Subject) -> Check:
    digests = subject.card.digests
    if not digests:
        return Check(BYTES, "does not apply", "the card has no digests")
    if subject.foreign:
        return Check(
            BYTES,
            "failed",
            "the files are not those that the card was made for",
            {"files": len(digests)},
            subject.foreign,
            "export again",
        )
    return Check(BYTES, "passed", ", ".join(sorted(digests)), {"files": len(digests)})


def _variables(facts: GraphFacts) -> Check:
    found = [node for node in facts.nodes if operations.is_variable(node)]
    advice = "freeze the graph: save it with variables_to_constants=True"
    return _none_of(VARIABLES, found, "variables", advice)


def _operations(facts: GraphFacts) -> Check:
    found = [
        node for node in facts.nodes if operations.is_training(node) or operations.is_stateful(node)
    ]
    advice = (
        "export the model for inference (training=False): it gives other numbers each time, "
        "changes itself, or reaches outside the graph"
    )
    check = _none_of(OPERATIONS, found, "operations", advice)
    notes = operations.remarks(facts.nodes)
    if check.status == "passed" and notes:
        return Check(check.name, "passed", "; ".join(notes), check.numbers)
    return check


def _none_of(name: str, found: Sequence[Node], what: str, advice: str) -> Check:
    if not found:
        return Check(name, "passed", numbers={"count": 0})
    return Check(
        name,
        "failed",
        f"{len(found)} {what}, the first is {found[0].op} '{found[0].name}'",
        {"count": len(found)},
        [{"node": node.name, "operation": node.op} for node in found],
        advice,
    )


def _signature(card: Card, facts: GraphFacts) -> Check:
    problems = signature_problems(card, facts)
    if problems:
        return Check(
            SIGNATURE,
            "failed",
            "card and graph differ",
            {"differences": len(problems)},
            problems,
            "the card and the graph come from different exports; export again, both together",
        )
    inputs = ", ".join(f"{e.tensor} {e.dtype} {format_shape(e.shape)}" for e in card.inputs)
    outputs = ", ".join(f"{e.tensor} {e.dtype} {format_shape(e.shape)}" for e in card.outputs)
    optional = [placeholder.tensor for placeholder in facts.placeholders if placeholder.default]
    notes = f"; may also be fed: {', '.join(optional)}" if optional else ""
    return Check(SIGNATURE, "passed", f"{inputs} -> {outputs}{notes}", {"differences": 0})


def _without_reference(subject: Subject) -> list[Check]:
    failed = Check(
        REFERENCE,
        "failed",
        "the reference rows are not of this graph",
        evidence=list(subject.misfits),
        advice="make the reference rows again, together with the export",
    )
    names = [name for name in _NUMERIC if name != REFERENCE]
    return [failed, *(Check(name, "not run", "no usable reference rows") for name in names)]


def _telling(subject: Subject) -> Check:
    return rows_can_tell(TELLING, subject)


def _reference(subject: Subject) -> Check:
    return outputs_agree(REFERENCE, MAIN, subject)


def _extreme(subject: Subject) -> Check:
    return outputs_agree(EXTREME, ("extreme",), subject)


def _missing(subject: Subject) -> Check:
    return outputs_agree(MISSING, ("missing",), subject)


def _optimised(subject: Subject) -> Check:
    return optimised_agrees(OPTIMISED, subject)


def _batch_sizes(subject: Subject) -> Check:
    reason = _not_free(subject)
    return (
        Check(BATCH_SIZES, "does not apply", reason)
        if reason
        else batch_sizes_agree(BATCH_SIZES, subject)
    )


def _free_batch(subject: Subject) -> Check:
    reason = _not_free(subject)
    if reason:
        return Check(FREE_BATCH, "does not apply", reason)
    evidence: list[Problem] = []
    facts = subject.run.facts
    for entry in (*subject.card.inputs, *subject.card.outputs):
        shape = facts.tensors[entry.tensor].shape if facts else None
        if shape is not None and (not shape or shape[0] is not None):
            problem = f"has shape {format_shape(shape)} in the graph"
            evidence.append({"tensor": entry.tensor, "problem": problem})
    runs = [d for d in subject.done if d.batch.purpose in (*MAIN, plan.ONE, plan.TWO)]
    if not evidence and any(done.run.died for done in runs):
        return Check(FREE_BATCH, "not run", "the graph ends the process")
    sizes: dict[int, str | None] = {}
    for done in runs:
        sizes.setdefault(len(done.batch.rows), done.run.error)
    evidence += [{"problem": e, "rows in batch": size} for size, e in sorted(sizes.items()) if e]
    if evidence:
        return Check(
            FREE_BATCH,
            "failed",
            "does not run with any number of rows",
            {"sizes": sorted(sizes)},
            evidence,
            "reshape with -1 for the batch dimension, and export with a free first dimension",
        )
    counts = ", ".join(str(size) for size in sorted(sizes))
    detail = f"runs with {counts} rows{_empty_batch(subject)}"
    return Check(FREE_BATCH, "passed", detail, {"sizes": sorted(sizes)})


def _empty_batch(subject: Subject) -> str:
    """Describe what no rows at all do; models may refuse them, the caller has to know."""
    run = next((d.run for d in subject.done if d.batch.purpose == plan.NONE), None)
    if run is None:
        return ""
    if run.outputs is not None:
        return " and with none"
    return "; feeding none ends the process" if run.died else "; feeding none is an error"


def _not_free(subject: Subject) -> str:
    reason = subject.card.no_batch or rowless(subject.card)
    if reason:
        return reason
    if subject.reference.layout == "feeds":
        return "the outputs are not one per row"
    if not len(subject.reference.of_kind(*MAIN)):
        return "the reference has no validation or random rows"
    return ""


_NUMERIC: dict[str, Callable[[Subject], Check]] = {
    TELLING: _telling,
    REFERENCE: _reference,
    EXTREME: _extreme,
    MISSING: _missing,
    OPTIMISED: _optimised,
    BATCH_SIZES: _batch_sizes,
    FREE_BATCH: _free_batch,
}
