"""The meaning of names: of splits, of classes, and of files that operating systems create."""

import re
import unicodedata
from collections.abc import Iterable

SPLITS = {
    "train": ("train", "training", "trn", "훈련", "학습"),
    "val": ("val", "valid", "validation", "validate", "dev", "eval", "evaluation", "검증"),
    "test": ("test", "testing", "tst", "holdout", "테스트", "시험", "평가"),
}
FILLERS = ("dataset", "images", "image", "pictures", "photos", "split", "folder", "data", "set")
"""Words without meaning next to the name of a split: Training_Set, test-images."""

SYSTEM = frozenset(
    name.casefold()
    for name in (
        "Thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "__MACOSX", "Icon\r",
        "Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder", "lost+found",
        "$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "__pycache__",
        "@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", "~snapshot",
        "aquota.user", "aquota.group",
    )
)  # fmt: skip
"""Files and folders that Windows, macOS, Linux, Python and network storage create by themselves."""


def split_called(name: str) -> str:
    """ "train", "val" or "test" if a name means this split, in any case and spelling; else ""."""
    # NFKC, because macOS decomposes Hangul in the names of folders, and some names have full-width
    # letters.
    words = unicodedata.normalize("NFKC", name).casefold()
    letters = "".join(c for c in words if c.isalpha())
    for filler in FILLERS:
        rest = letters.removeprefix(filler).removesuffix(filler)
        letters = rest or letters  # "data" alone is a name, not a filler
    return next((split for split, names in SPLITS.items() if letters in names), "")


def left_by_systems(name: str) -> bool:
    """Whether a system, not the user, creates files or folders of this name."""
    return (
        name.startswith((".", "@ea", "@Syno"))
        or name.casefold() in SYSTEM
        or re.fullmatch(r"(?i)found\.\d{3}", name) is not None
    )


def class_name(text: str) -> str:
    """The name of a class in the composed Unicode form (NFC): macOS decomposes file names, so the
    same name from two systems would be two classes."""
    return unicodedata.normalize("NFC", text)


def nearly(name: str, others: Iterable[str]) -> str:
    """One of `others` that differs from `name` only in case, spaces, punctuation or Unicode form;
    "" if there is none."""

    def bare(text: str) -> str:
        folded = unicodedata.normalize("NFKC", text).casefold()
        return "".join(c for c in folded if c.isalnum())

    target = bare(name)
    return next((other for other in others if other != name and bare(other) == target), "")
