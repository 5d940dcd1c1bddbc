"""Compare étude's own layers with independent references."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from etude.locale.texts import Text
from etude.system.caller import preserve_caller_state

if TYPE_CHECKING:
    from etude.checking.verify import Proof


@preserve_caller_state()
def verify(
    on_proof: Callable[["Proof"], None] = lambda proof: None,
    on_note: Callable[[Text], None] = lambda note: None,
) -> list["Proof"]:
    """Compare values and gradients of our layers with independent references on this machine, in
    every data type and on every available device.

    on_proof: called with each comparison as soon as it is computed. on_note: called with
    each reference that cannot be used, with the reason.
    """
    # Not at the top of the file: it loads torch, and mistakes are reported before that.
    from etude.checking.verify import notes, proofs

    results = []
    for proof in proofs():
        on_proof(proof)
        results.append(proof)
    for note in notes():
        on_note(note)
    return results
