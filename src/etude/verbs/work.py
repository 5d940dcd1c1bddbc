"""Train runs of a search or a comparison that another machine started."""

from etude.locale.texts import Lang
from etude.render.progress import Tally
from etude.system.caller import preserve_caller_state
from etude.verbs.arguments import WORKSPACE


@preserve_caller_state()
def work(storage: str, name: str, *, quiet: bool = False, lang: Lang = "en") -> int:
    """Train runs of a search or comparison on a shared storage until there has been no work for a
    minute. Returns the number of runs. Raises an EtudeError."""
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.comparison import shared_queue

    with Tally(name, quiet, lang) as tally:
        return shared_queue.work(storage, name, WORKSPACE, tally.note)
