"""Rules of version 0.1.0 that differ from today's, so that its runs stay readable."""

from dataclasses import replace

import numpy as np

from etude.data.card import Card
from etude.data.dataset import Raw, Split, fingerprint
from etude.data.rows import Rows


def fingerprint_of_old(raw: Raw) -> str:
    """The fingerprint of these data in version 0.1.0, which stored all numbers except bytes as
    float32."""
    val = raw.val and _narrow(raw.val)
    return fingerprint(replace(raw, train=_narrow(raw.train), val=val, test=_narrow(raw.test)))


def _narrow(split: Split) -> Split:
    x, y = split.x, split.y
    if isinstance(x, Rows):
        x = x if x.dtype == np.uint8 else replace(x, dtype=np.dtype(np.float32))
    elif x.dtype != np.uint8:
        x = x.astype(np.float32)
    return replace(split, x=x, y=y.astype(np.float32) if y.dtype.kind == "f" else y)


def with_bytes(card: Card) -> Card:
    """The Card of a folder of pictures with their range: version 0.1.0 did not store that pixels
    are 0..255."""
    return card if card.stored else card.model_copy(update={"pixels": (0.0, 255.0)})
