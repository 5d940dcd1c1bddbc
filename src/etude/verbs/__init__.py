"""The public functions of étude, which the package exports and the command line calls.

Modules that need torch are imported inside the functions: the lock of a run is taken and most
mistakes are reported before torch is loaded, which takes a second or two.
"""

from etude.verbs.asked import is_run, place, what_is
from etude.verbs.examine import check, marked, marks_kept, marks_said, marks_table, verify
from etude.verbs.learn import drafted, first_aid, paths, resume_run, slug, train
from etude.verbs.many import TOUR, Tuned, compare, resume, tour, tune, work
from etude.verbs.see import env, listing, report
from etude.verbs.use import evaluate_again, generate, load, look, said, summary, table

__all__ = [
    "TOUR",
    "Tuned",
    "check",
    "compare",
    "drafted",
    "env",
    "evaluate_again",
    "first_aid",
    "generate",
    "is_run",
    "listing",
    "load",
    "look",
    "marked",
    "marks_kept",
    "marks_said",
    "marks_table",
    "paths",
    "place",
    "report",
    "resume",
    "resume_run",
    "said",
    "slug",
    "summary",
    "table",
    "tour",
    "train",
    "tune",
    "verify",
    "what_is",
    "work",
]
