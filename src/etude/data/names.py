"""What names mean: of splits, of classes, and of what operating systems leave behind."""

import re
import unicodedata
from collections.abc import Iterable

SPLITS = {
    "train": ("train", "training", "trn", "훈련", "학습"),
    "val": ("val", "valid", "validation", "validate", "dev", "eval", "evaluation", "검증"),
    "test": ("test", "testing", "tst", "holdout", "테스트", "시험", "평가"),
}
FILLERS = ("dataset", "images", "image", "pictures", "photos", "split", "folder", "data", "set")
"""Words that stand beside the name of a split and say nothing: Training_Set, test-images."""

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
"""What Windows, macOS, Linux, Python and network storage put into folders of their own accord."""


def split_called(name: str) -> str:
    """ "train", "val" or "test" for a name that means one, in any case and spelling; else ""."""
    words = unicodedata.normalize("NFKC", name).casefold()
    letters = "".join(c for c in words if c.isalpha())
    for filler in FILLERS:
        rest = letters.removeprefix(filler).removesuffix(filler)
        letters = rest or letters
    return next((split for split, names in SPLITS.items() if letters in names), "")


def left_by_systems(name: str) -> bool:
    """Whether a file or folder of this name was made by a system, not by the user."""
    return (
        name.startswith((".", "@ea", "@Syno"))
        or name.casefold() in SYSTEM
        or re.fullmatch(r"(?i)found\.\d{3}", name) is not None
    )


def class_name(text: str) -> str:
    """The name of a class: composed (NFC), so that one name is one class whatever system wrote it
    (macOS decomposes file names)."""
    return unicodedata.normalize("NFC", text)


def nearly(name: str, known: Iterable[str]) -> str:
    """A known name that differs in case, spaces or the form of its letters only; "" if none."""

    def bare(text: str) -> str:
        folded = unicodedata.normalize("NFKC", text).casefold()
        return "".join(c for c in folded if c.isalnum())

    wanted = bare(name)
    return next((other for other in known if other != name and bare(other) == wanted), "")
