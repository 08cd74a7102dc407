"""One run, from the departments' feeds to messages in an outbox: stages, each of them taken up
where it was done before."""

from dataclasses import replace

from nostop.app.chosen_schemes import choose_schemes
from nostop.app.gateways import is_synthetic, refuse_without_gateway
from nostop.app.gather import read_declarations
from nostop.app.known_on import refuse_folder_of_another
from nostop.app.last_run import last_times
from nostop.app.results import Run, write_results
from nostop.app.rules import read_rules
from nostop.app.run_timings import Timed
from nostop.app.running import feeds
from nostop.app.running.checkpoints import Checkpoints
from nostop.app.running.claim import Claim, alone, claimed, released, unfinished
from nostop.app.running.conclusions import Since, determined, measured, paths_of
from nostop.app.running.context import Law, Work
from nostop.app.running.links import history_before, linked
from nostop.app.running.people import put_together
from nostop.app.running.reading import read_of
from nostop.app.running.told import Found, written_to
from nostop.app.settings import RunSettings
from nostop.app.stages import Listener, silent, stage
from nostop.rulebook.plan import compile_plan

#: Up to how many schemes a run tells by name.
FEW_SCHEMES = 12


def run(settings: RunSettings, listener: Listener = silent) -> Run:
    """Run the whole line and write its results into `settings.out`.

    Person ids live on from the links of an earlier run in the same folder, and its messages are not
    sent again. A run that was stopped is taken up by one with the same settings and feeds, after
    the last stage that was whole, and ends with the same bytes; it began when the first one did.

    Raises:
        NostopError: rules, feeds or settings that cannot be used, or another run is at work in the
        folder; one feed that cannot be used is held instead.
    """
    timed = Timed(listener)
    law = _law(settings, timed)
    with alone(settings.out, wait=settings.wait):
        refuse_folder_of_another(settings)
        done = _run(settings, law, timed)
        timed.keep(done.settings)
        return done


def _run(settings: RunSettings, law: Law, listener: Listener) -> Run:
    read = read_of(settings, law.declarations, law.chosen.schemes)
    last = last_times(settings.out, law.declarations)
    stopped = unfinished(settings.out)
    claim = Claim(
        arguments=read.arguments(settings, law.chosen.schemes),
        started_at=settings.started_at.isoformat(),
        known_on=settings.known_on.isoformat() if settings.known_on else None,
        last_event=history_before(settings),
        last=feeds.as_claimed(last),
    )
    again = stopped is not None and stopped.arguments == claim.arguments
    claim = stopped if stopped and again else claimed(settings.out, claim)
    settings = replace(settings, started_at=claim.began)
    kept = Checkpoints(settings.out, from_scratch=settings.from_scratch)
    work = Work(settings, law, read, kept, claim, listener)
    result = _through_all_stages(work, last, again=again)
    kept.finish()
    released(settings.out)
    return result


def _through_all_stages(work: Work, last: feeds.Last, *, again: bool) -> Run:
    settings = work.settings
    batch = feeds.read(work, last)
    links = linked(work, batch)
    assembled, people = put_together(work, batch, links.links)
    since = Since(work, assembled)
    determinations, rows = determined(work, assembled, people, since)
    counts = measured(work, assembled, determinations, (people, rows))
    paths, claims = paths_of(work, since, determinations, (people, rows))
    found = Found(batch, links, assembled, determinations, paths, (people, rows, claims))
    sent = written_to(work, found, again=again)
    result = Run(
        settings,
        work.law.book,
        work.law.chosen,
        batch,
        links.links,
        assembled,
        determinations,
        counts.schemes,
        counts.areas,
        paths,
        sent,
        links.log,
    )
    with work.stage("Writing the results") as told:
        write_results(result)
        told.detail = str(settings.out)
    return result


def _law(settings: RunSettings, listener: Listener) -> Law:
    with stage("Reading the rules", listener) as told:
        book = read_rules(settings.rules)
        chosen = choose_schemes(book, settings)
        if not is_synthetic(settings.feeds):
            refuse_without_gateway(book, chosen.schemes)
        # A rate without a value for the day is told before anything is read.
        plan = compile_plan(book, settings.effective_on, chosen.schemes)
        declarations = read_declarations(settings.declarations, book)
        few = len(chosen.schemes) <= FEW_SCHEMES
        told.detail = ", ".join(chosen.schemes) if few else f"{len(chosen.schemes)} schemes"
    return Law(book, chosen, plan, declarations)
